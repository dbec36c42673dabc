"""Long files: asked for, written by the worker, fetched by who asked, and removed after a day."""

"""The processes, and the frame around the pages."""

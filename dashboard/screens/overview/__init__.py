"""Overview: today so far, and what waits for a person."""

"""Home: what waits for a person, and what their roles look at first."""

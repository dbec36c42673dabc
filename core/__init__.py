"""Everything that is true without a browser; imports no user interface."""

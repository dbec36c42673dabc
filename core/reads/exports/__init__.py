"""Lists and reports as rows of a file: which columns it has, and who may take it away."""

"""The formats that the journal is written in, a module for each."""

"""Reads of a stretch of days as DataFrames, for a notebook; docs/notebook.md has their columns."""

"""Columns and views of lists."""

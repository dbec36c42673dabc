"""Audit: the operators' log, its rows, its file and its proof."""

"""Reads for administrators: people, and the operators' log."""

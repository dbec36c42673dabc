"""Reads of Overview: today's figures, what waits for a person, how fresh the copy is."""

"""Disputes: the list, one dispute, and the answer to it."""

"""Reads of disputes: the list, one dispute, and how often answers win."""

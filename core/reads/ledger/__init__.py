"""Reads of the ledger: its rows by what they are, and what they come to."""

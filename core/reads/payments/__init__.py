"""Reads of payments: the list, one payment with all that hangs on it."""

"""Reads of customers: the list, one of them with all that hangs on it, what was written of them."""

"""Reads of Revenue: the ledger by category and day, and whether it is Stripe's."""

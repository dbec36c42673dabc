"""Reads of refunds: requests, their figures, the history, bulk refunds."""

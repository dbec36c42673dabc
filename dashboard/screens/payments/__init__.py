"""Payments: the list with its filters, and one payment."""

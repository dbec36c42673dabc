"""Refunds: asking, approving, following; one and many."""

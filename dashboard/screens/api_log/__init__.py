"""API log: calls to Stripe as a table, and one of them in full."""

"""The log of calls to Stripe: collected in memory, written by the dozen, kept for a month."""

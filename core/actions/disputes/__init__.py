"""Disputes: evidence checked, drafted at Stripe and submitted once, or the loss accepted."""

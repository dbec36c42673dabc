"""The only door to Stripe: calls out, and Stripe's objects as frozen snapshots."""

"""What Stripe tells us: kept first, applied after, read again until it is confirmed."""

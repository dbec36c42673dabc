"""One call that changes something at Stripe: written down, sent, looked up, forgotten."""

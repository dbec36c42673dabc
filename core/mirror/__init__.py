"""The mirror of the Stripe account: what is read from Stripe goes in, newest reading wins."""

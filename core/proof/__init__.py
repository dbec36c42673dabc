"""Proof: database, Stripe's list, Stripe's balance, bank and books held against each other."""

"""Payouts: the list, and one payout with what it is made of."""

"""Reads of payouts: the list, and one payout with the rows that it paid out."""

"""Fraud: cases worked, lists and rules changed, rules tried on the past."""

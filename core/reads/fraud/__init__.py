"""Reads of Fraud: cases, rules, lists, and the card networks' programmes."""

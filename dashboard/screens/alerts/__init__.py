"""Alerts: what was found, whom it is told to, and what is watched."""

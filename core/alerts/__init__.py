"""Alerts: conditions that are looked at each minute, and messages to the channels of the admins."""

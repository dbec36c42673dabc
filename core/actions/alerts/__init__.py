"""Alerts: their rules and channels, and what people do about one."""

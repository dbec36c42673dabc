"""Alerts as the screens show them."""

"""Processes: starting them, keeping them up, their logs and ports, and the worker's loops."""

"""Backups of the database: one file with its data and a manifest that proves them."""

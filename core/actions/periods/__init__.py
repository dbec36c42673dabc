"""Closing months: asked for by one person of finance, confirmed by another."""

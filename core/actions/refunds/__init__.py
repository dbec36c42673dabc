"""Refunds: asked for, approved by a second person above a limit, sent once; one or many."""

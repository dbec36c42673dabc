"""Queries for the screens: SQL in, frozen rows or DataFrames out; nothing is ever written."""

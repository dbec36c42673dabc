"""Reads of the proof: what each witness says, the bridge, runs, and what differs."""

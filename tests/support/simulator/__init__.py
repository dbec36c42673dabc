"""A whole shop in one thread, drawn from a seed: people, Stripe, workers, and all that goes wrong.

`run` in `run.py` is the door. `storm.py` draws what happens, `invariants.py` says what must hold at
rest, and `planted.py` has faults that a run must find.
"""

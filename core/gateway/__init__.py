"""The only door to Stripe: calls out, and Stripe's objects as frozen snapshots."""

import sys

# Stripe's library brings httpx along, and httpx its command line where rich is installed: 5 MB of
# each process. None in its place is how Python is told that a module is not to be had.
sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]

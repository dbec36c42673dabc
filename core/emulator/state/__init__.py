"""What the emulator keeps: the store, its clock, ids, idempotency, and what a test orders."""

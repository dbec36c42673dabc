"""Whether a set-up may go live: one look at keys, addresses, database, machine and habits."""

"""What makes the emulator run: one engine, its due tasks, and the threads beside its server."""

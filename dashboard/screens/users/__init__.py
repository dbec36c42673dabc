"""Users: who may sign in and do what."""

"""What each API version changed, one module a change: how older requests are read and answered."""

"""The emulator's HTTP: routes, parameters by Stripe's types, forms, and its control interface."""

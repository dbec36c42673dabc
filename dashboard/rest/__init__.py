"""The REST API: who calls, what a body may say, and how any error is answered."""

"""Search over the logs (events, API log, operators' log): pages by key, newest first."""

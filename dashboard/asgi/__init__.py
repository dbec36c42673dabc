"""What every HTTP server of ours holds requests to: bounds on headers, bodies and silence."""

"""What an endpoint must answer, asking it, and what the answer proves."""

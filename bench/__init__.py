"""Benches: what this is measured against, and with what."""

"""Talking to PostgreSQL: URLs, sessions, the release lock, the catalog, scratch and embedded servers."""

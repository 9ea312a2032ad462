"""A database as values, and the drift between two of them. Pure: no server, no framework, no clock."""

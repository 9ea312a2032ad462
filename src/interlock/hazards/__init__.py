"""What a statement may do to a database in use."""

"""An Alembic project: its revisions, its env.py, its models. The project's own code runs in a child process."""

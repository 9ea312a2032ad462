"""Superset: a Flask application, whose chain needs the application around it."""

import os
import sys

os.environ["SUPERSET_SECRET_KEY"] = "of no use"  # noqa: S105
os.environ["SUPERSET__SQLALCHEMY_DATABASE_URI"] = sys.argv[-1]

import flask_migrate
from alembic import command
from flask import current_app
from superset.app import create_app


def upgrade() -> None:
    """Run the chain."""
    with create_app().app_context():
        flask_migrate.upgrade()


def check() -> None:
    """Run `alembic check`."""
    with create_app().app_context():
        # Its Flask-Migrate is older than `flask db check`.
        command.check(current_app.extensions["migrate"].migrate.get_config())

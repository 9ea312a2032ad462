"""Interlock: a release guard and a control plane for Python web applications on PostgreSQL."""

__version__ = "0.1.0"

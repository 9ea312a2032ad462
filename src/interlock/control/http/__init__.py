"""The JSON API of the control plane."""

PREFIX = "/api/v1"
"""Where the API begins."""

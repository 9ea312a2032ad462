"""The control plane: organisations, users, modules, flags, the audit trail, and the API to them."""

"""The control plane's tables, and what the domain asks of them."""

"""What the control plane knows and decides: values, rules, and the ports that it needs. Pure."""

"""The JSON API of the control plane."""

"""Findings, signals, the verdict: one currency for every check."""

"""Run one command of one project's chain, in the project's own environment: run.py optuna upgrade URL"""

import importlib.util
import sys
from pathlib import Path


def main() -> None:
    """Load the project's file, whose name would hide the package it is about, and call one function of it."""
    project, function = sys.argv[1:3]
    spec = importlib.util.spec_from_file_location(f"chain_of_{project}", Path(__file__).with_name(f"{project}.py"))
    chain = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(chain)
    getattr(chain, function)()


if __name__ == "__main__":
    main()

"""The page of faults names tests that are there."""

import re
from pathlib import Path

TESTS = Path(__file__).parents[1]
PAGE = TESTS.parent / "docs" / "reference" / "faults.md"


def test_every_fault_is_provoked_by_a_test_that_is_there():
    table, _, provoked = PAGE.read_text().partition("## Where each is provoked")
    named = re.findall(r"`([\w/]+\.py)::(\w+)`", provoked)

    assert len(named) > 50
    assert [name for file, name in named if f"def {name}(" not in (TESTS / file).read_text()] == []
    faults = re.findall(r"^\| (?!fault |---)(.+?) \|", table, re.MULTILINE)
    # Of clocks nothing can go wrong.
    assert [fault for fault in faults if f"- {fault}: " not in provoked] == ["clocks that differ"]

"""Versions of things: whoever changes one can say which version was read, so that nobody's change is lost unseen."""

import json
from collections.abc import Collection
from hashlib import sha256
from typing import TYPE_CHECKING

from interlock.control.domain.audit import described
from interlock.control.domain.errors import ChangedMeanwhile

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

PRESENT, ABSENT = '"present"', '"absent"'
"""What can be expected beside a version. A tag holds no quotation mark: nobody can send one that is taken for these."""


def version_of(thing: "DataclassInstance") -> str:
    """Name the state that a thing is in: another name as soon as any of its fields is another."""
    told = json.dumps(described(thing), sort_keys=True, default=str)
    return sha256(told.encode()).hexdigest()[:20]


def check_version(thing: "DataclassInstance | None", expected: Collection[str] | None) -> None:
    """Refuse to change a thing that is in none of the expected states, or is not there; None expects nothing."""
    states = {ABSENT} if thing is None else {PRESENT, version_of(thing)}
    if expected is not None and states.isdisjoint(expected):
        raise ChangedMeanwhile(thing)

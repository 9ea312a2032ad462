"""Look at a live schema as its chain is able to judge it."""

from dataclasses import dataclass

from interlock.chain.child import Environment
from interlock.postgres.catalog import take_snapshot
from interlock.postgres.session import Connection
from interlock.release.scratch_build import without_version_table
from interlock.schema.history import History
from interlock.schema.operators import set_aside
from interlock.schema.rules import Rules
from interlock.schema.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Observation:
    """A live schema as it is compared, and in words what is left out of the comparison."""

    schema: Snapshot
    told: tuple[str, ...]


def observe(session: Connection, environment: Environment, history: History, rules: Rules) -> Observation:
    """Read a live schema, without what is other people's: other schemas, and what operators do beside the chain."""
    whole = without_version_table(session, environment, take_snapshot(session))
    return as_judged(whole, rules.applied_to(whole.within(history.schemas)), history, rules)


def as_judged(whole: Snapshot, ours: Snapshot, history: History, rules: Rules) -> Observation:
    """Set aside what operators did to our part of a whole database, and say what is left out of all of it."""
    found = set_aside(ours, history)
    return Observation(found.rest, (*rules.told(whole), *found.told))

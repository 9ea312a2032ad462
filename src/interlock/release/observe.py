"""Look at a live schema as its chain is able to judge it."""

from dataclasses import dataclass

from interlock.postgres.catalog import take_snapshot
from interlock.postgres.session import Connection
from interlock.postgres.settle import recognise
from interlock.release.build import Build
from interlock.release.scratch_build import without_version_table
from interlock.schema.history import History
from interlock.schema.name import Kind
from interlock.schema.operators import set_aside
from interlock.schema.rules import Rules
from interlock.schema.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Observation:
    """A live schema as it is compared, and in words what is left out of the comparison."""

    schema: Snapshot
    told: tuple[str, ...]


def observe(session: Connection, build: Build, history: History, rules: Rules) -> Observation:
    """Read a live schema, without what is other people's: other schemas, and what operators do beside the chain."""
    whole = without_version_table(session, build.environment, take_snapshot(session))
    ours = as_judged(whole, rules.applied_to(whole.within(history.schemas)), history, rules)
    recognised = recognise(_with_extensions(ours.schema, whole), history, build.empty_database)
    schema = ours.schema.with_items({name: recognised.snapshot.items[name] for name in ours.schema.items})
    return Observation(schema, (*ours.told, *recognised.told))


def as_judged(whole: Snapshot, ours: Snapshot, history: History, rules: Rules) -> Observation:
    """Set aside what operators did to our part of a whole database, and say what is left out of all of it."""
    found = set_aside(ours, history)
    return Observation(found.rest, (*rules.told(whole), *found.told))


def _with_extensions(ours: Snapshot, whole: Snapshot) -> Snapshot:
    """What is ours may use a type of an extension that is none of the chain's."""
    extensions = {name: item for name, item in whole.items.items() if name.kind is Kind.EXTENSION}
    return ours.with_items({**extensions, **ours.items})

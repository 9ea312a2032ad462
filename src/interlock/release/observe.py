"""Look at a live schema as its chain is able to judge it."""

from dataclasses import dataclass

from interlock.postgres.catalog import take_snapshot
from interlock.postgres.embedded import NoServerBinaries
from interlock.postgres.session import Connection
from interlock.postgres.settle import Scratch, recognise
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
    return like_with_like(ours, whole, history, build.empty_database)


def as_judged(whole: Snapshot, ours: Snapshot, history: History, rules: Rules) -> Observation:
    """Set aside what operators did to our part of a whole database, and say what is left out of all of it."""
    found = set_aside(ours, history)
    return Observation(found.rest, (*rules.told(whole), *found.told))


def like_with_like(ours: Observation, whole: Snapshot, history: History, scratch: Scratch) -> Observation:
    """Write as the chain has it what only a print tells apart from it. `whole` is all of the database that is read."""
    # What is ours may use a type of an extension that is none of the chain's.
    extensions = {name: item for name, item in whole.items.items() if name.kind is Kind.EXTENSION}
    context = ours.schema.with_items({**extensions, **ours.schema.items})
    try:
        recognised = recognise(context, history, scratch)
    except NoServerBinaries as error:
        told = f"expressions that are printed in different ways were taken for different ones: {error.problem}"
        return Observation(ours.schema, (*ours.told, told))
    schema = ours.schema.with_items({name: recognised.snapshot.items[name] for name in ours.schema.items})
    return Observation(schema, (*ours.told, *recognised.told))

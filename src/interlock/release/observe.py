"""Look at a live schema as its chain is able to judge it."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from interlock.postgres.catalog import take_snapshot
from interlock.postgres.embedded import NoServerBinaries
from interlock.postgres.scratch import STAND_INS
from interlock.postgres.session import Connection
from interlock.postgres.settle import Scratch, recognise
from interlock.postgres.version_table import VersionTable, find_version_table
from interlock.release.build import Build
from interlock.schema.history import History
from interlock.schema.name import Kind
from interlock.schema.operators import set_aside
from interlock.schema.rules import Rules
from interlock.schema.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Observation:
    """A live schema as it is compared, all of the database around it, and in words what is not compared."""

    everything: Snapshot
    schema: Snapshot
    told: tuple[str, ...]


def observe(
    session: Connection, build: Build, history: History, rules: Rules, table: VersionTable | None = None
) -> Observation:
    """Read a live schema, without what is other people's: other schemas, and what operators do beside the chain.

    `table` is the version table, where the session would not find it by itself.
    """
    everything = take_snapshot(session)
    environment = build.environment
    table = table or find_version_table(session, environment.version_table, environment.version_table_schema)
    ours = everything.without_table(table.schema, table.name).within(history.schemas)
    return like_with_like(as_judged(everything, rules.applied_to(ours), history, rules), history, build.empty_database)


def told_of_event_triggers(everything: Snapshot, history: History) -> Iterator[str]:
    """Say which event triggers will run on the target that no revision makes: the rehearsal was without them."""
    theirs = [
        name.path for name in everything.items if name.kind is Kind.EVENT_TRIGGER and name not in history.variants
    ]
    if theirs:
        named = ", ".join(sorted(theirs))
        yield f"what event triggers do that the target has and the scratch database has not: {named}"


def told_of_stand_ins(history: History) -> Iterator[str]:
    """Say for which extensions of the chain others stand in on the embedded scratch server."""
    names = {each.stem for each in (STAND_INS / "extension").glob("*.control")}
    made = sorted(name.path for name in history.variants if name.kind is Kind.EXTENSION and name.path in names)
    if made:
        yield f"what the functions of {' and '.join(made)} give: on the scratch database others stand in for them"


def as_judged(everything: Snapshot, ours: Snapshot, history: History, rules: Rules) -> Observation:
    """Set aside what operators did to our part of a database, and say what is left out of all of it."""
    found = set_aside(ours, history)
    return Observation(everything, found.rest, (*rules.told(everything), *found.told))


def like_with_like(observed: Observation, history: History, scratch: Scratch) -> Observation:
    """Write as the chain has it what only a print tells apart from it."""
    # What is ours may use a type of an extension that is none of the chain's.
    extensions = {name: item for name, item in observed.everything.items.items() if name.kind is Kind.EXTENSION}
    ours = observed.schema
    try:
        recognised = recognise(ours.with_items({**extensions, **ours.items}), history, scratch)
    except NoServerBinaries as error:
        told = f"expressions that are printed in different ways were taken for different ones: {error.problem}"
        return replace(observed, told=(*observed.told, told))
    schema = ours.with_items({name: recognised.snapshot.items[name] for name in ours.items})
    return replace(observed, schema=schema, told=(*observed.told, *recognised.told))

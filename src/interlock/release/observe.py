"""The live schema as it is compared with a chain."""

from dataclasses import dataclass

from interlock.postgres.catalog import take_snapshot
from interlock.postgres.session import Connection
from interlock.postgres.settle import recognise
from interlock.postgres.version_table import VersionTable, find_version_table
from interlock.release.scratch_build import ScratchBuild
from interlock.schema.history import History
from interlock.schema.operators import set_aside
from interlock.schema.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Observation:
    """Everything that is there, what of it a chain is a judge of, and what could not be compared, in words."""

    everything: Snapshot
    rest: Snapshot
    told: tuple[str, ...]


def observe(
    session: Connection, build: ScratchBuild, history: History, table: VersionTable | None = None
) -> Observation:
    """Read the live schema, and write each object as the chain has it where only the server's print differs.

    `table` is the version table, where the session would not find it by itself.
    """
    everything = take_snapshot(session)
    recognised = recognise(everything, history, build.server.empty_database)
    environment = build.environment
    table = table or find_version_table(session, environment.version_table, environment.version_table_schema)
    # Other schemas of the database are other people's; the version table is Alembic's.
    ours = recognised.snapshot.within(history.schemas).without_table(table.schema, table.name)
    return Observation(everything, set_aside(ours, history).rest, recognised.told)

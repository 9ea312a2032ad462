"""Take the schema of a database as the baseline of its chain."""

from dataclasses import replace
from pathlib import Path

from interlock.errors import InterlockError
from interlock.postgres.catalog import take_snapshot
from interlock.postgres.journal import JOURNAL_SCHEMA
from interlock.postgres.session import open_session, read_facts, require_named
from interlock.postgres.version_table import find_version_table
from interlock.release.baseline import lay_baseline
from interlock.release.declared import bases_of, hash_of_scripts, save_schema_file
from interlock.release.request import Request
from interlock.release.scratch_build import current_revisions, open_scratch_build, without_version_table
from interlock.schema.file import USUAL_OWNER, SchemaFile
from interlock.schema.items import Extension, Item
from interlock.schema.name import Kind
from interlock.schema.snapshot import Snapshot

# What operators do to a database, and what holds secrets, is none of a chain.
_OPERATORS = frozenset(
    {
        *(Kind.SUBSCRIPTION, Kind.PUBLICATION, Kind.USER_MAPPING, Kind.SERVER, Kind.WRAPPER),
        *(Kind.EVENT_TRIGGER, Kind.DEFAULT_PRIVILEGES, Kind.ACCESS_METHOD, Kind.LANGUAGE, Kind.TRANSFORM),
    }
)


class AtNoSingleRevision(InterlockError):
    """The database does not say one revision."""

    def __init__(self, current: tuple[str, ...]) -> None:
        super().__init__(
            problem=f"the database is at {', '.join(current) or 'no revision'}, and a baseline is of exactly one",
            remedy="let DATABASE_URL name a database that the chain has brought to one revision",
        )


def write_baseline(request: Request) -> tuple[Path, SchemaFile]:
    """Write the schema that the target has, at the revision that it claims. A whole file, or none.

    It was made once on a scratch database by then. Raises AtNoSingleRevision, BaselineNotMade, and what reading the
    project can raise.
    """
    project = request.project
    with open_session(request.url) as session:
        require_named(read_facts(session), request.databases)
        with open_scratch_build(project, request.scratch_server, request.url, session) as build:
            current = current_revisions(session, build.environment)
            if len(current) != 1:
                raise AtNoSingleRevision(current)
            taken = without_version_table(session, build.environment, take_snapshot(session))
            run = build.chain.run_before(current)
            file = SchemaFile(
                head=current[0],
                base=min(run & {*bases_of(build.chain)}),
                revisions=tuple(revision.id for revision in build.chain.revisions if revision.id in run),
                scripts=hash_of_scripts(build.chain),
                snapshot=_as_declared(request.rules.applied_to(taken)),
                version_table=build.environment.version_table,
                version_table_schema=build.environment.version_table_schema,
            )
            with build.server.empty_database() as scratch:
                table = find_version_table(scratch, file.version_table, file.version_table_schema)
                lay_baseline(project, file, scratch, table)
    save_schema_file(project.baseline, file)
    return project.baseline, file


def _as_declared(snapshot: Snapshot) -> Snapshot:
    """Without what is the operators' or ours, and with what is another one on every server left open."""
    return snapshot.with_items(
        {
            name: _without_operators(item)
            for name, item in snapshot.items.items()
            if name.kind not in _OPERATORS and JOURNAL_SCHEMA not in (name.schema, name.path)
        }
    )


def _without_operators(item: Item) -> Item:
    if isinstance(item, Extension):
        item = replace(item, version="", comment="")
    return replace(item, grants=(), owner=USUAL_OWNER if item.owner else "")

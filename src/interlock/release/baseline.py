"""A chain whose old revisions do not run any more begins at a baseline: the schema that they have left somewhere."""

from collections.abc import Collection, Sequence
from dataclasses import replace

from interlock.chain.project import Project
from interlock.chain.revisions import Chain
from interlock.errors import InterlockError
from interlock.postgres.rebuild import NotMade, rebuild
from interlock.postgres.session import Connection
from interlock.postgres.version_table import VersionTable, write_revisions
from interlock.schema.file import SchemaFile, from_json, is_schema_file
from interlock.schema.name import Kind
from interlock.schema.snapshot import Snapshot

SHOWN = 3


class BaselineNotReadable(InterlockError):
    """The file is there, and cannot be read."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"{name} cannot be read: {reason}", "restore it from version control")


class BaselineNotMade(InterlockError):
    """The scratch server cannot make all of it."""

    def __init__(self, name: str, failed: Sequence[NotMade]) -> None:
        more = f" and {len(failed) - SHOWN} more" if failed[SHOWN:] else ""
        super().__init__(
            problem=f"{name} cannot be made on the scratch server: {'; '.join(map(str, failed[:SHOWN]))}{more}",
            remedy="let INTERLOCK_SCRATCH_URL name a server that has what it needs, such as the target's extensions; "
            "what is not the application's leave out: [comparison] schemas",
        )


class BeforeBaseline(InterlockError):
    """The database has not run what the baseline has."""

    def __init__(self, name: str, head: str, current: Collection[str]) -> None:
        at = f"at {', '.join(current)}" if current else "at no revision"
        super().__init__(
            problem=f"the database is {at}, and the chain is known from {head} on, at which {name} begins",
            remedy=f"bring it to {head} first: restore the schema of a database that is there, its alembic_version too",
        )


def read_baseline(project: Project) -> SchemaFile | None:
    """Read the baseline of a project; None where there is none. Raises BaselineNotReadable, BrokenSchemaFile."""
    path = project.baseline
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise BaselineNotReadable(path.name, str(error)) from None
    return from_json(text, path.name) if is_schema_file(text) else None


def told_of(project: Project, file: SchemaFile) -> str:
    """Say what a baseline stands for."""
    return f"what the revisions up to {file.head} make: they were not run, {project.baseline.name} stands for them"


def require_after_baseline(project: Project, file: SchemaFile, chain: Chain, current: Collection[str]) -> None:
    """Raise BeforeBaseline for a database that has not run all that the baseline has."""
    if not chain.run_before([file.head]) <= chain.run_before(current):
        raise BeforeBaseline(project.baseline.name, file.head, current)


def lay_baseline(project: Project, file: SchemaFile, scratch: Connection, table: VersionTable) -> None:
    """Make the schema of the baseline in an empty scratch database, and note its revision. Raises BaselineNotMade."""
    failed = rebuild(scratch, _for(scratch, file.snapshot))
    if failed:
        raise BaselineNotMade(project.baseline.name, failed)
    write_revisions(scratch, table, [file.head])


def _for(scratch: Connection, snapshot: Snapshot) -> Snapshot:
    """The snapshot as the role of the scratch database can make it, without the schemas that are there already."""
    there = {name for (name,) in scratch.execute("select nspname from pg_catalog.pg_namespace")} - {"public"}
    owner = scratch.info.user
    return snapshot.with_items(
        {
            name: replace(item, owner=owner) if getattr(item, "owner", "") else item
            for name, item in snapshot.items.items()
            if not (name.kind is Kind.SCHEMA and name.table in there)
        }
    )

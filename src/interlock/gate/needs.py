"""What a build needs of its database, as its schema file declares it."""

from collections.abc import Sequence
from pathlib import Path

from interlock.errors import ExitCode, InterlockError
from interlock.schema.file import SchemaFile, from_json
from interlock.schema.holds import holds
from interlock.schema.prints import recognise_known
from interlock.schema.snapshot import Snapshot


class NoSchemaFile(InterlockError):
    """The schema file of a build cannot be read."""

    exit_code = ExitCode.USAGE

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(
            problem=f"the schema file {path} cannot be read: {reason}",
            remedy="name it with --schema-file, and put it into the image; interlock schema write makes it",
        )


def read_needs(path: Path) -> SchemaFile:
    """Read what a build declares. Raises NoSchemaFile, BrokenSchemaFile, NewerSchemaFile."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise NoSchemaFile(path, error.strerror or type(error).__name__) from None
    except UnicodeDecodeError:
        raise NoSchemaFile(path, "it is no text in UTF-8") from None
    return from_json(text, str(path))


def missing_revisions(needs: SchemaFile, rows: Sequence[str]) -> tuple[str, ...]:
    """Name what of the build's chain a database has yet to run at least, by the rows of its version table.

    A revision that the build does not know is of a later release, which has run all of this chain.
    """
    if needs.head in rows or any(row not in needs.revisions for row in rows):
        return ()
    newest = max((needs.revisions.index(row) for row in rows), default=-1)
    return needs.revisions[newest + 1 :] or (needs.head,)


def missing_objects(needs: SchemaFile, observed: Snapshot) -> tuple[str, ...]:
    """Name what the build declares and a live schema does not hold, with the revision that makes it."""
    changes = holds(needs.snapshot, recognise_known(observed, needs.snapshot, needs.forms))
    return tuple(f"{change}{_made_by(needs.makers.get(change.name))}" for change in changes)


def _made_by(revision: str | None) -> str:
    return f" (revision {revision} makes it)" if revision else ""

"""What the schema file declares: made of a chain, found, compared, and known for stale."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

from interlock.chain.project import NoSuchFile, Project
from interlock.chain.revisions import Chain
from interlock.errors import InterlockError
from interlock.postgres.settle import prints
from interlock.release.record import Blamed, Verification
from interlock.release.scratch_build import ScratchBuild
from interlock.release.verify import signal_of
from interlock.schema.drift import Change, Unexpected, find_drift
from interlock.schema.file import USUAL_OWNER, SchemaFile, as_json, from_json, is_schema_file
from interlock.schema.history import History, Moment
from interlock.schema.items import Extension, Item
from interlock.schema.name import Kind, Name
from interlock.schema.prints import recognise_known, texts_of, with_texts
from interlock.schema.rules import Rules
from interlock.schema.snapshot import Snapshot


class SeveralBases(InterlockError):
    """The chain begins in more than one revision."""

    def __init__(self, bases: tuple[str, ...]) -> None:
        super().__init__(
            problem=f"the chain has {len(bases)} bases: {', '.join(bases)}",
            remedy="let all but one of them name the revision that they come after, as down_revision",
        )


class SchemaFileNotReadable(InterlockError):
    """The schema file is there, and cannot be read."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(
            f"{path} cannot be read: {reason}", "make it readable, or write it anew: interlock schema write"
        )


def find_schema_file(project: Project) -> Path | None:
    """Find the schema file of a project; None where there is none. Raises NoSuchFile for one that the settings name.

    Other programs have files called schema.json too: one that the settings do not name has to be known for ours.
    """
    path = project.schema_file
    if path is None:
        return None
    if not path.exists():
        if project.is_schema_file_named:
            raise NoSuchFile("[project] schema_file", str(path))
        return None
    return path if project.is_schema_file_named or is_schema_file(_text_of(path)) else None


def read_schema_file(path: Path) -> SchemaFile:
    """Read a schema file. Raises SchemaFileNotReadable, BrokenSchemaFile, NewerSchemaFile."""
    return from_json(_text_of(path), str(path))


def save_schema_file(path: Path, file: SchemaFile) -> None:
    """Write a schema file: a whole one, or none."""
    half_written = path.with_name(f"{path.name}.new")
    try:
        half_written.write_text(as_json(file), encoding="utf-8")
        half_written.replace(path)
    except OSError as error:
        raise InterlockError(f"{path} cannot be written: {error.strerror}", "make its folder writable") from None


def _text_of(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise SchemaFileNotReadable(path, error.strerror or type(error).__name__) from None
    except UnicodeDecodeError:
        raise SchemaFileNotReadable(path, "it is no text in UTF-8") from None


def schema_file_of(build: ScratchBuild, history: History) -> SchemaFile:
    """What a chain declares when all of it has run.

    Raises SeveralHeads, BranchesStayApart, NoRevisions, SeveralBases.
    """
    chain, environment = build.chain, build.environment
    bases = bases_of(chain)
    if len(bases) > 1:
        raise SeveralBases(bases)
    given = {name: item for name, item in history.moments[0].schema.items.items() if name.kind is Kind.SCHEMA}
    at_head = history.moments[-1].schema
    made = {name for name, item in at_head.items.items() if given.get(name) != item}
    owned = at_head.owned_by(USUAL_OWNER)
    makers = _makers(history)
    items = {name: item for name, item in owned.items.items() if name in made}
    forms = prints(at_head, build.server.empty_database)
    return SchemaFile(
        head=chain.head,
        base=bases[0],
        revisions=tuple(revision.id for revision in chain.revisions),
        scripts=hash_of_scripts(chain),
        snapshot=owned.with_items(items),
        version_table=environment.version_table,
        version_table_schema=environment.version_table_schema,
        makers={name: maker for name, maker in makers.items() if name in made},
        forms={
            name: tuple(with_texts(items[name], texts_of(other)) for other in others)
            for name, others in forms.items()
            if name in items
        },
    )


def bases_of(chain: Chain) -> tuple[str, ...]:
    """The revisions that come after no other one."""
    return tuple(sorted(revision.id for revision in chain.revisions if not revision.parents))


def hash_of_scripts(chain: Chain) -> str:
    """A hash of what is written in the scripts of a chain. How their lines end is the business of version control."""
    digest = hashlib.sha256()
    for revision in sorted(chain.revisions, key=lambda each: each.id):
        text = Path(revision.path).read_bytes().replace(b"\r\n", b"\n")
        digest.update(f"{revision.id}\0{len(text)}\0".encode() + text)
    return f"sha256:{digest.hexdigest()}"


def find_reasons_for_stale(file: SchemaFile, chain: Chain, scripts: str) -> Iterator[str]:
    """Say what of a chain is not as it was when the file was written."""
    if file.head != chain.head:
        yield f"it is that of {file.head}, and the head of the chain is {chain.head}"
    ours, theirs = set(file.revisions), set(chain.by_id)
    if new := theirs - ours - {chain.head}:
        yield f"the chain has revisions that it does not know: {', '.join(sorted(new))}"
    if gone := ours - theirs - {file.head}:
        yield f"it knows revisions that the chain does not have: {', '.join(sorted(gone))}"
    if ours == theirs and file.scripts != scripts:
        yield "the scripts of the chain were changed after it was written"


def history_of(file: SchemaFile, observed: Snapshot) -> History:
    """The file as a history of two moments. A schema that is there and that no revision makes was there before."""
    given: dict[Name, Item] = {
        name: item
        for name, item in observed.items.items()
        if name.kind is Kind.SCHEMA and name not in file.snapshot.items
    }
    at_head = file.snapshot.with_items({**given, **file.snapshot.items})
    return History((Moment(None, Snapshot(given)), Moment(file.head, at_head)))


def compare_with_file(file: SchemaFile, history: History, observed: Snapshot, rules: Rules) -> Verification:
    """Compare a live schema with what the file declares at its head; `history` is that of the file."""
    declared = history.moments[-1].schema
    drift = find_drift(declared, recognise_known(observed, declared, file.forms))
    return Verification(
        claimed=(file.head,),
        drift=tuple(Blamed(change, _maker_of(change, file), signal_of(change, (), rules)) for change in drift),
        compared_objects=len(declared),
    )


def find_differences(built: SchemaFile, file: SchemaFile) -> tuple[Change, ...]:
    """List where a schema file departs from what the chain makes now."""
    return find_drift(_whatever_is_installed(built.snapshot), _whatever_is_installed(file.snapshot))


def _whatever_is_installed(snapshot: Snapshot) -> Snapshot:
    """The same for each version of an extension: the chain takes what the server has."""
    return snapshot.with_items(
        {
            name: replace(item, version="", comment="") if isinstance(item, Extension) else item
            for name, item in snapshot.items.items()
        }
    )


def _makers(history: History) -> Mapping[Name, str]:
    """The revision from which on each object is as it is in the end."""
    found: dict[Name, str] = {}
    for before, after in pairwise(history.moments):
        for name, item in after.schema.items.items():
            if after.revision is not None and before.schema.items.get(name) != item:
                found[name] = after.revision
    return found


def _maker_of(change: Change, file: SchemaFile) -> str | None:
    return None if isinstance(change, Unexpected) else file.makers.get(change.name)

"""What the pending revisions destroy is kept first: by a dump that was restored once, or by the operator's command."""

import os
import shlex
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryFile
from urllib.parse import quote

from interlock.errors import InterlockError, conceal
from interlock.postgres.client_programs import ClientProgram, find_client_program
from interlock.postgres.dump import LIMIT_SECONDS, dump, hold_moment, read_extent
from interlock.postgres.program import run_program
from interlock.postgres.restore import require_rows, restore
from interlock.postgres.session import Connection
from interlock.postgres.url import DatabaseUrl
from interlock.release.logbook import counted
from interlock.release.record import Backup, TableRows
from interlock.schema.ddl.words import relation
from interlock.schema.name import Kind, Name

TABLES_VARIABLE = "INTERLOCK_BACKUP_TABLES"


class CannotWriteBackup(InterlockError):
    """The folder for backups cannot be made or written."""

    def __init__(self, folder: Path, error: OSError) -> None:
        super().__init__(
            problem=f"no backup can be written to {folder}: {error.strerror or error}; nothing was changed",
            remedy="make that folder writable, or name another one: [backup] folder",
        )


class CommandFailed(InterlockError):
    """The operator's command made no backup."""

    def __init__(self, program: str, status: int, said: str) -> None:
        super().__init__(
            problem=f"the backup was not made: {program} ended with status {status}: {said}; nothing was changed",
            remedy="put right what it says, then run again; its exit status has to be 0",
        )


@dataclass(frozen=True, slots=True)
class DumpInto:
    """Keep the tables as a file of pg_dump in a folder of this machine."""

    folder: Path


@dataclass(frozen=True, slots=True)
class RunCommand:
    """Let a command keep the tables, run in a folder; its exit status says whether it did. It may hold a secret."""

    argv: tuple[str, ...] = field(repr=False)
    folder: Path


BackupWay = DumpInto | RunCommand


@dataclass(frozen=True, slots=True)
class Means:
    """What a backup is made with: the target, what makes an empty scratch database, where somebody watches."""

    url: DatabaseUrl
    session: Connection
    new_database: Callable[[], AbstractContextManager[DatabaseUrl]]
    release: str
    tells: Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Made:
    """A backup, and what there is to say of it that its record does not."""

    record: Backup
    summary: str
    told: str = ""


@dataclass(frozen=True, slots=True)
class PlannedDump:
    """A dump that can be made: the programs are there, and the folder can be written."""

    tables: tuple[Name, ...]
    folder: Path
    pg_dump: ClientProgram
    pg_restore: ClientProgram

    @property
    def record(self) -> Backup:
        return Backup("dump", str(self.folder), _paths(self.tables))

    def make(self, means: Means) -> Made:
        """Dump the tables, restore them on the scratch server, count their rows there; then the file gets its name.

        Raises what `dump`, `restore` and `require_rows` do, and CannotWriteBackup.
        """
        file = self.folder / f"{quote(means.url.database, safe='')}-{means.release}.dump"
        extent = read_extent(means.session, self.tables)
        with _named_when_whole(file) as unproved:
            means.tells("counting rows")
            with hold_moment(means.url, extent.holding) as moment:
                means.tells(f"dumping {', '.join(_paths(self.tables))}")
                dump(self.pg_dump, means.url, extent, moment.snapshot, unproved)
            means.tells("restoring the dump on the scratch server")
            with means.new_database() as empty:
                not_made = restore(self.pg_restore, unproved, empty, extent)
                require_rows(empty, moment.rows)
        record = Backup(
            "dump",
            str(self.folder),
            _paths(self.tables),
            is_made=True,
            file=str(file),
            bytes=file.stat().st_size,
            rows=tuple(TableRows(table.path, number) for table, number in moment.rows.items()),
            restore=_how_to_restore(file, is_public="public" in extent.schemas),
        )
        told = f"what else is in the backup, and could not be made on the scratch server: {'; '.join(not_made)}"
        rows = counted(sum(moment.rows.values()), "row")
        return Made(record, f"{file}: {rows} came back from it", told if not_made else "")


@dataclass(frozen=True, slots=True)
class PlannedCommand:
    """A command of the operator's that is to be run."""

    tables: tuple[Name, ...]
    way: RunCommand

    @property
    def record(self) -> Backup:
        return Backup("command", self.way.argv[0], _paths(self.tables))

    def make(self, means: Means) -> Made:
        """Run the command. Raises CommandFailed and what a program raises."""
        extent = read_extent(means.session, self.tables)
        environment = {
            **os.environ,
            "DATABASE_URL": means.url.as_text("postgresql"),
            TABLES_VARIABLE: "\n".join(dict.fromkeys(map(relation, (*self.tables, *extent.holding)))),
        }
        means.tells(f"running {self.way.argv[0]}")
        ended = run_program(self.way.argv, environment, limit_seconds=LIMIT_SECONDS, folder=self.way.folder)
        if ended.status:
            said = conceal(ended.last_words, means.url.secrets)
            raise CommandFailed(self.way.argv[0], ended.status, said)
        record = Backup("command", self.way.argv[0], _paths(self.tables), is_made=True)
        told = f"whether the backup by {self.way.argv[0]} can be restored: only its exit status was looked at"
        return Made(record, f"{self.way.argv[0]} ended with status 0", told)


PlannedBackup = PlannedDump | PlannedCommand


def plan_backup(way: BackupWay, session: Connection, lost: Iterable[Name]) -> PlannedBackup:
    """Find out how what is lost is going to be kept; of a column it is the whole table.

    Raises NoClientProgram and CannotWriteBackup where it cannot be.
    """
    tables = tuple(dict.fromkeys(Name(Kind.TABLE, each.schema, each.table) for each in lost))
    if isinstance(way, RunCommand):
        return PlannedCommand(tables, way)
    pg_dump = find_client_program("pg_dump", session.info.server_version // 10_000)
    # An older one does not read what a newer one has written.
    pg_restore = find_client_program("pg_restore", pg_dump.major)
    _require_writable(way.folder)
    return PlannedDump(tables, way.folder, pg_dump, pg_restore)


def _require_writable(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        TemporaryFile(dir=folder).close()
    except OSError as error:
        raise CannotWriteBackup(folder, error) from None


@contextmanager
def _named_when_whole(file: Path) -> Iterator[Path]:
    """Give a file to write, for nobody else to read. It gets its name at the end; if that is not reached it is gone."""
    unproved = file.with_name(f"{file.name}.part")
    try:
        os.close(os.open(unproved, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except OSError as error:
        raise CannotWriteBackup(file.parent, error) from None
    try:
        yield unproved
        unproved.rename(file)
    except OSError as error:
        unproved.unlink(missing_ok=True)
        raise CannotWriteBackup(file.parent, error) from None
    except BaseException:
        unproved.unlink(missing_ok=True)
        raise
    _keep_name(file.parent)


def _keep_name(folder: Path) -> None:
    """Let a new name in a folder outlast a crash of the machine; pg_dump has seen to what is in the file."""
    descriptor = os.open(folder, os.O_RDONLY)
    with suppress(OSError):  # some file systems know no such thing
        os.fsync(descriptor)
    os.close(descriptor)


def _how_to_restore(file: Path, *, is_public: bool) -> str:
    """The command line that restores a dump into a new database, `before`."""
    # A new database has a schema public, and the dump makes its own.
    make_room = " && psql -d before -c 'drop schema public'" if is_public else ""
    options = "--no-owner --no-privileges --section=pre-data --section=data"
    return f"createdb -T template0 before{make_room} && pg_restore -d before {options} {shlex.quote(str(file))}"


def _paths(tables: Collection[Name]) -> tuple[str, ...]:
    return tuple(each.path for each in tables)

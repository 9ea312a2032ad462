"""The backup of what a release destroys, in the words of every format."""

from interlock.release.record import Backup, ReleaseRecord
from interlock.report.statements import size
from interlock.report.wording import listed

SHOWN = 12
"""How many tables are told one by one; a partitioned one may have hundreds. JSON has them all."""


def backup_sentence(record: ReleaseRecord) -> str:
    """What becomes of the backup, in a sentence. Empty where none is wanted, or nothing is destroyed."""
    backup = record.backup
    if backup is None:
        return ""
    tables = listed(backup.tables)
    if backup.is_made:
        return _made(backup, tables)
    if record.command != "plan":
        return f"No backup of {tables} was made."
    if backup.way == "command":
        return f"Before the revisions run, {backup.place} has to back up {tables}."
    return (
        f"Before the revisions run, {tables} will be dumped into {backup.place}, and restored once on a scratch server."
    )


def backup_facts(record: ReleaseRecord) -> tuple[tuple[str, str], ...]:
    """Where a dump is, how large, what is in it, and how to restore it; nothing where there is no dump."""
    backup = record.backup
    if backup is None or backup.file is None:
        return ()
    return (
        ("File", backup.file),
        ("Size", size(backup.bytes or 0)),
        ("Rows", _rows(backup)),
        ("Restore", backup.restore or ""),
    )


def _rows(backup: Backup) -> str:
    if len(backup.rows) > SHOWN:
        return f"{sum(each.rows for each in backup.rows):,} in {len(backup.rows)} tables"
    return ", ".join(f"{each.table} {each.rows:,}" for each in backup.rows)


def _made(backup: Backup, tables: str) -> str:
    was = "was" if len(backup.tables) == 1 else "were"
    if backup.way == "command":
        return f"{backup.place} was run to back up {tables}, and ended with status 0."
    return f"{tables} {was} dumped; restored once on a scratch server, the dump gave back as many rows."

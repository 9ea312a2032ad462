import pytest
from tests.unit.report.builders import a_record, clear_with_a_backup

from interlock.release.record import Backup, TableRows
from interlock.report.backup import backup_facts, backup_sentence

TABLES = ("public.orders", "public.lines")
DUMP, COMMAND = Backup("dump", "/backups", TABLES), Backup("command", "./back_up", TABLES)
RUN = Backup("command", "./back_up", TABLES, is_made=True)


@pytest.mark.parametrize(
    ("command", "backup", "told"),
    [
        ("release", None, ""),
        (
            "plan",
            DUMP,
            (
                "Before the revisions run, public.orders and public.lines will be dumped into /backups, and restored "
                "once on a scratch server."
            ),
        ),
        ("plan", COMMAND, "Before the revisions run, ./back_up has to back up public.orders and public.lines."),
        ("release", DUMP, "No backup of public.orders and public.lines was made."),
        ("release", RUN, "./back_up was run to back up public.orders and public.lines, and ended with status 0."),
    ],
)
def test_what_became_of_it_is_told(command: str, backup: Backup | None, told: str):
    record = a_record(command=command, backup=backup)

    assert backup_sentence(record) == told
    assert backup_facts(record) == ()


def test_a_dump_is_told_with_all_that_it_takes_to_restore_it():
    facts = dict(backup_facts(clear_with_a_backup()))

    assert facts["File"].endswith(".dump")
    assert facts["Size"] == "812 kB"
    assert facts["Rows"] == "public.invoice lines 19,000, public.invoices 2,450"
    assert facts["Restore"].endswith(facts["File"])


def test_many_tables_are_added_up():
    rows = tuple(TableRows(f"public.events_{number}", 1_000) for number in range(300))
    backup = Backup("dump", "/backups", ("public.events",), is_made=True, file="/backups/a.dump", rows=rows)

    assert dict(backup_facts(a_record(backup=backup)))["Rows"] == "300,000 in 300 tables"

"""Undamaged variants of a database: whatever is done here, nothing differs from the one it was made of."""

from collections.abc import Iterator
from contextlib import contextmanager

from tests.majors import OLDER

from bench.drift.databases import Databases, connected, dump, restore
from bench.drift.projects import Project
from interlock.postgres.url import DatabaseUrl

EXACT_COPY = "exact copy"
VARIANTS = (
    EXACT_COPY,
    "dumped and restored",
    "dumped and restored twice",
    "rebuilt",
    *(f"upgraded from {major}" for major in OLDER),
)
# Every index rebuilt, a column added to each table and dropped again, sequences advanced, tables rewritten.
REBUILD = (
    """do $$
    declare
        each record;
    begin
        for each in
            select c.oid::regclass as name from pg_class c
             where relkind in ('r', 'p') and not relispartition and reloftype = 0
               and relnamespace::regnamespace::text !~ '^(pg_|information_schema)'
               and not exists (select from pg_depend where objid = c.oid and deptype = 'e')
        loop
            execute format('alter table %s add column drift_passing integer', each.name);
            execute format('alter table %s drop column drift_passing', each.name);
        end loop;
        for each in select oid::regclass as name from pg_class where relkind = 'S' loop
            perform nextval(each.name);
        end loop;
    end
    $$""",
    "reindex database",
    "vacuum (full, analyze)",
)


@contextmanager
def undamaged(
    variant: str, project: Project, databases: Databases, dumps: dict[tuple[str, int], str]
) -> Iterator[tuple[DatabaseUrl, DatabaseUrl]]:
    """Make one undamaged variant, and give what it is to be compared with, and where it is."""
    name = f"{project.name}_undamaged"
    reference = project.template
    if variant == EXACT_COPY:
        databases.copy(reference, name, project.after_copy)
    elif variant == "rebuilt":
        rebuild(databases.copy(reference, name, project.after_copy))
    else:
        if major := variant.partition("upgraded from ")[2]:
            reference = project.reference_of_upgraded
            dumped, times = dumps[project.name, int(major)], 1
        else:
            dumped, times = dump(databases.url(reference)), 2 if variant.endswith("twice") else 1
        for _ in range(times):
            url = databases.make(name)
            restore(dumped, url)
            dumped = dump(url)
    try:
        yield databases.url(reference), databases.url(name)
    finally:
        databases.drop(name)


def rebuild(url: DatabaseUrl) -> None:
    """Do to a database what time does."""
    with connected(url) as connection:
        for statement in REBUILD:
            connection.execute(statement)

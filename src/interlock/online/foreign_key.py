"""A foreign key in two steps."""

from collections.abc import Sequence

from interlock.online.session import NotOnline, alone

_FIND = """
select c.convalidated, c.confrelid = pg_catalog.to_regclass(:referent),
       array(select a.attname::text from unnest(c.conkey) with ordinality k (number, place)
               join pg_catalog.pg_attribute a on a.attrelid = c.conrelid and a.attnum = k.number order by k.place),
       array(select a.attname::text from unnest(c.confkey) with ordinality k (number, place)
               join pg_catalog.pg_attribute a on a.attrelid = c.confrelid and a.attnum = k.number order by k.place)
  from pg_catalog.pg_constraint c
 where c.conrelid = pg_catalog.to_regclass(:table) and c.conname = :name and c.contype = 'f'
"""


def create_foreign_key(
    name: str,
    table: str,
    referent: str,
    columns: Sequence[str],
    referent_columns: Sequence[str],
    *,
    ondelete: str | None = None,
    schema: str | None = None,
    referent_schema: str | None = None,
) -> None:
    """Add a foreign key as NOT VALID, which takes no time, and validate it while people read and write."""
    with alone() as session:
        path, other = session.quoted(schema, table), session.quoted(referent_schema, referent)
        found = session.ask(_FIND, table=path, referent=other, name=name)
        if found and [found[0][1], *map(list, found[0][2:])] != [True, list(columns), list(referent_columns)]:
            raise NotOnline(
                problem=f"there is a foreign key {name} of {table} already, and it is another one",
                remedy="give the new one another name, or drop the old one first",
            )
        if not found:
            own = ", ".join(map(session.quoted, columns))
            theirs = ", ".join(map(session.quoted, referent_columns))
            action = f" on delete {ondelete}" if ondelete else ""
            key = f"foreign key ({own}) references {other} ({theirs}){action}"
            session.run(f"alter table {path} add constraint {session.quoted(name)} {key} not valid")
        if not found or not found[0][0]:
            session.run(f"alter table {path} validate constraint {session.quoted(name)}")

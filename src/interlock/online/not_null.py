"""NOT NULL without a scan that keeps everybody out."""

from interlock.online.session import NotOnline, alone, own_name

_FIND = """
select attnotnull from pg_catalog.pg_attribute
 where attrelid = pg_catalog.to_regclass(:table) and attname = :column and not attisdropped and attnum > 0
"""
_FIND_CHECK = """
select convalidated from pg_catalog.pg_constraint
 where conrelid = pg_catalog.to_regclass(:table) and conname = :name
"""


def set_not_null(table: str, column: str, *, schema: str | None = None) -> None:
    """Let a column refuse nulls. All rows are looked at while people read and write.

    A CHECK that is validated proves to SET NOT NULL that there is none (PostgreSQL manual, ALTER TABLE); it goes then.
    """
    with alone() as session:
        name, path = own_name("not_null", table, column), session.quoted(schema, table)
        alter = f"alter table {path}"
        found = session.ask(_FIND, table=path, column=column)
        if not found:
            raise NotOnline(problem=f"there is no column {column} of {table}", remedy="add it first, and fill it")
        check = session.ask(_FIND_CHECK, table=path, name=name)
        if not found[0][0]:
            if not check:
                condition = f"check ({session.quoted(column)} is not null)"
                session.run(f"{alter} add constraint {session.quoted(name)} {condition} not valid")
            if not check or not check[0][0]:
                session.run(f"{alter} validate constraint {session.quoted(name)}")
            session.run(f"{alter} alter column {session.quoted(column)} set not null")
            session.run(f"{alter} drop constraint if exists {session.quoted(name)}")
        elif check:
            session.run(f"{alter} drop constraint if exists {session.quoted(name)}")

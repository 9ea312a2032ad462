"""Indexes that are built and dropped while people write."""

from collections.abc import Sequence

from interlock.online.session import NotOnline, Session, alone

_FIND = """
select i.indisvalid and i.indisready, i.indisunique, i.indrelid = pg_catalog.to_regclass(:table),
       array(select pg_catalog.pg_get_indexdef(i.indexrelid, k, true) from generate_series(1, i.indnkeyatts) k),
       pg_catalog.pg_get_expr(i.indpred, i.indrelid) is not null
  from pg_catalog.pg_index i where i.indexrelid = pg_catalog.to_regclass(:index)
"""


def create_index(
    name: str,
    table: str,
    columns: Sequence[str],
    *,
    unique: bool = False,
    where: str | None = None,
    schema: str | None = None,
) -> None:
    """Build an index on columns while people read and write.

    One that is there already is kept where it is valid and of these columns. One that a build left behind half made
    is dropped and built again.
    """
    with alone() as session:
        found = session.ask(_FIND, table=session.quoted(schema, table), index=_index(session, schema, table, name))
        if found and not found[0][0]:
            session.run_concurrently(f"drop index concurrently if exists {_index(session, schema, table, name)}")
        elif found:
            wanted = [unique, True, [session.ask("select quote_ident(:name)", name=each)[0][0] for each in columns]]
            if [*found[0][1:3], list(found[0][3])] != wanted or found[0][4] != (where is not None):
                raise NotOnline(
                    problem=f"there is an index {name} already, and it is another one",
                    remedy="give the new one another name, or drop the old one with interlock.online.drop_index first",
                )
            return
        kind = "unique index" if unique else "index"
        listed = ", ".join(session.quoted(column) for column in columns)
        condition = f" where {where}" if where else ""
        on = f"{session.quoted(schema, table)} ({listed}){condition}"
        session.run_concurrently(f"create {kind} concurrently {session.quoted(name)} on {on}")


def drop_index(name: str, *, schema: str | None = None) -> None:
    """Drop an index while people read and write; nothing to do where there is none."""
    with alone() as session:
        session.run_concurrently(f"drop index concurrently if exists {session.quoted(schema, name)}")


def _index(session: Session, schema: str | None, table: str, name: str) -> str:
    """An index lies in the schema of its table, wherever the search_path finds that."""
    if schema is None:
        query = "select relnamespace::regnamespace::text from pg_catalog.pg_class where oid = to_regclass(:table)"
        found = session.ask(query, table=session.quoted(table))
        if not found:
            raise NotOnline(problem=f"there is no table {table}", remedy="create it in an earlier revision")
        return f"{found[0][0]}.{session.quoted(name)}"
    return session.quoted(schema, name)

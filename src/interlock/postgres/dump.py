"""Tables in a file by pg_dump, as they are at one moment, with what they need to be made again elsewhere."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from psycopg import sql

from interlock.errors import InterlockError, conceal
from interlock.postgres.client_programs import ClientProgram, client_environment, client_words, complaints
from interlock.postgres.program import run_program
from interlock.postgres.session import Connection, open_session
from interlock.postgres.url import DatabaseUrl
from interlock.schema.ddl.words import identifier, relation
from interlock.schema.name import Kind, Name

LIMIT_SECONDS = 86_400.0
"""So long may one program or query of a backup take: large tables take hours, and nothing may hang for ever."""

WAITS_FOR_LOCKS_SECONDS = 10

# What holds rows is a table that is named, or one below it. What those need is what they depend on, and so on. A
# default, a check and a sequence of its own depend on the table, and on other things that it needs: so they are
# followed backwards. An index or a foreign key comes after the rows, and is not needed for them.
_EXTENT = """
with recursive holding (oid) as (
    select pg_catalog.to_regclass(name)::oid from pg_catalog.unnest(%(tables)s::text[]) name
     union
    select i.inhrelid from holding h join pg_catalog.pg_inherits i on i.inhparent = h.oid
), needed (class, oid) as (
    select 'pg_catalog.pg_class'::pg_catalog.regclass::oid, oid from holding where oid is not null
     union
    select next.class, next.oid
      from needed n
     cross join lateral (
           select d.refclassid, d.refobjid
             from pg_catalog.pg_depend d
            where d.classid = n.class and d.objid = n.oid
            union all
           select d.classid, d.objid
             from pg_catalog.pg_depend d
             left join pg_catalog.pg_class c on c.oid = d.objid and c.relkind = 'S'
                                            and d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
                                            and d.deptype in ('a', 'i')
             left join pg_catalog.pg_constraint k on k.oid = d.objid and k.contype = 'c'
                                            and d.classid = 'pg_catalog.pg_constraint'::pg_catalog.regclass
            where d.refclassid = n.class and d.refobjid = n.oid
              and n.class in ('pg_catalog.pg_class'::pg_catalog.regclass, 'pg_catalog.pg_type'::pg_catalog.regclass)
              and (d.classid = 'pg_catalog.pg_attrdef'::pg_catalog.regclass or c.oid is not null or k.oid is not null)
            union all
           select 'pg_catalog.pg_class'::pg_catalog.regclass, t.typrelid
             from pg_catalog.pg_type t
            where n.class = 'pg_catalog.pg_type'::pg_catalog.regclass and t.oid = n.oid and t.typrelid <> 0
     ) next (class, oid)
), schemas (oid, name) as (
    select s.oid, s.nspname
      from pg_catalog.pg_namespace s
      join needed n on n.class = 'pg_catalog.pg_namespace'::pg_catalog.regclass and n.oid = s.oid
     where s.nspname <> 'information_schema' and s.nspname !~ '^pg_'
), relations (oid, schema, name, kind) as (
    select c.oid, s.name, c.relname, c.relkind::text
      from pg_catalog.pg_class c join schemas s on s.oid = c.relnamespace
     where c.relkind in ('r', 'p', 'v', 'm', 'f', 'S')
)
select 'gone', name, '' from pg_catalog.unnest(%(tables)s::text[]) name where pg_catalog.to_regclass(name) is null
 union all
select 'schema', name, '' from schemas
 union all
select 'extension', e.extname, ''
  from pg_catalog.pg_extension e
  join needed n on n.class = 'pg_catalog.pg_extension'::pg_catalog.regclass and n.oid = e.oid
 where e.oid >= 16384
 union all
select case when not exists (select from needed n where n.class = 'pg_catalog.pg_class'::pg_catalog.regclass
                                                    and n.oid = r.oid) then 'other'
            when r.kind in ('p', 'S') then 'definition'
            when not exists (select from holding h where h.oid = r.oid) then 'empty'
            when r.kind = 'r' then 'holding'
            else 'definition' end,
       r.schema, r.name
  from relations r
 order by 1, 2, 3
"""


class DumpFailed(InterlockError):
    """pg_dump did not write the tables."""

    def __init__(self, status: int, said: str) -> None:
        super().__init__(
            problem=f"the backup was not made: pg_dump ended with status {status}: {said}; nothing was changed",
            remedy="put right what pg_dump says, then run again",
        )


class TableIsGone(InterlockError):
    """A table that is to be kept was dropped, or has another name, since the release looked at it."""

    def __init__(self, table: str) -> None:
        super().__init__(
            problem=f"the backup was not made: {table} is not there any more; nothing was changed",
            remedy="find out who changes the database meanwhile, then run again",
        )


@dataclass(frozen=True, slots=True)
class Extent:
    """What a dump of some tables is of.

    `holding` are the tables that rows lie in, partitions among them. `empty` are tables that those need, such as a
    parent, whose own rows are not wanted; `others` are relations in the same schemas that they do not need.
    """

    holding: tuple[Name, ...]
    schemas: tuple[str, ...]
    extensions: tuple[str, ...]
    empty: tuple[Name, ...]
    others: tuple[Name, ...]

    def words(self) -> Iterator[str]:
        """The words by which pg_dump is told so."""
        # They are patterns, in which nothing that is in quotes means anything else.
        yield from (f"--schema={identifier(name)}" for name in self.schemas)
        yield from (f"--extension={identifier(name)}" for name in self.extensions)
        # What is left out is not locked either, and our role need not be able to read it.
        yield from (f"--exclude-table={relation(each)}" for each in self.others)
        yield from (f"--exclude-table-data={relation(each)}" for each in self.empty)


@dataclass(frozen=True, slots=True)
class HeldMoment:
    """A moment that other sessions can look at too, and how many rows the tables have in it."""

    snapshot: str
    rows: Mapping[Name, int]


def read_extent(session: Connection, tables: Iterable[Name]) -> Extent:
    """Find out what belongs to these tables; `session` is one on their database. Raises TableIsGone."""
    found: dict[str, list[tuple[str, str]]] = {}
    for what, schema, table in session.execute(_EXTENT, {"tables": list(map(relation, tables))}):
        found.setdefault(what, []).append((schema, table))
    if gone := found.get("gone"):
        raise TableIsGone(gone[0][0])

    def relations(what: str) -> tuple[Name, ...]:
        return tuple(Name(Kind.TABLE, schema, table) for schema, table in found.get(what, ()))

    return Extent(
        holding=relations("holding"),
        schemas=tuple(name for name, _ in found.get("schema", ())),
        extensions=tuple(name for name, _ in found.get("extension", ())),
        empty=relations("empty"),
        others=relations("other"),
    )


@contextmanager
def hold_moment(url: DatabaseUrl, tables: Collection[Name]) -> Iterator[HeldMoment]:
    """Hold the present moment of a database, and count the rows of tables in it."""
    with open_session(url, "interlock backup") as session, session.transaction():
        session.execute("set transaction isolation level repeatable read, read only")
        session.execute("select pg_catalog.set_config('statement_timeout', %s, true)", [f"{LIMIT_SECONDS:.0f}s"])
        session.execute("select pg_catalog.set_config('lock_timeout', %s, true)", [f"{WAITS_FOR_LOCKS_SECONDS}s"])
        # What policies hide from our role would be missing without a word; so it is an error.
        session.execute("set local row_security = off")
        snapshot = session.execute("select pg_catalog.pg_export_snapshot()").fetchall()[0][0]
        yield HeldMoment(snapshot, count_rows(session, tables))


def count_rows(session: Connection, tables: Iterable[Name]) -> Mapping[Name, int]:
    """Count the rows that lie in each of these tables itself."""
    return {
        each: session.execute(
            sql.SQL("select pg_catalog.count(*) from only {}").format(sql.Identifier(each.schema, each.table))
        ).fetchall()[0][0]
        for each in tables
    }


def dump(program: ClientProgram, url: DatabaseUrl, extent: Extent, snapshot: str, file: Path) -> None:
    """Write the tables to a file as they are at a moment that is held. Raises DumpFailed and what a program raises."""
    argv = [
        str(program.path),
        *client_words(url),
        "--format=custom",
        # Its words are in UTF-8, and it takes them to be in the encoding of the dump.
        "--encoding=UTF8",
        f"--file={file}",
        f"--snapshot={snapshot}",
        f"--lock-wait-timeout={WAITS_FOR_LOCKS_SECONDS}s",
        *extent.words(),
    ]
    ended = run_program(argv, client_environment(url), limit_seconds=LIMIT_SECONDS)
    if ended.status:
        said = next(iter(complaints(ended.said)), ended.last_words)
        raise DumpFailed(ended.status, conceal(said, url.secrets))

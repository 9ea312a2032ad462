"""Rename a column, or give it another type, while code of the old and of the new name is at work."""

from dataclasses import dataclass

from interlock.online.backfill import fill
from interlock.online.not_null import set_not_null
from interlock.online.session import NotOnline, Session, alone, own_name

_FIND = """
select a.attname::text, pg_catalog.format_type(a.atttypid, a.atttypmod), a.attnotnull,
       pg_catalog.pg_get_expr(d.adbin, d.adrelid), a.attidentity <> '' or a.attgenerated <> '',
       array(select pg_catalog.pg_get_constraintdef(c.oid) from pg_catalog.pg_constraint c
              where (c.conrelid = a.attrelid and a.attnum = any(c.conkey)
                     or c.confrelid = a.attrelid and a.attnum = any(c.confkey)) and c.contype <> 'n')
    || array(select i.indexrelid::regclass::text from pg_catalog.pg_index i
              where i.indrelid = a.attrelid and a.attnum = any(i.indkey))
  from pg_catalog.pg_attribute a
  left join pg_catalog.pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
 where a.attrelid = pg_catalog.to_regclass(:table) and a.attnum > 0 and not a.attisdropped
   and a.attname in (:old, :new)
"""

# What is given under the new name counts: code of the old name never gives it.
_BODY = """
begin
  if tg_op = 'INSERT' then
    if new.{new} is not null then new.{old} := {to_old}; else new.{new} := {to_new}; end if;
  elsif new.{new} is distinct from old.{new} then
    new.{old} := {to_old};
  elsif new.{old} is distinct from old.{old} then
    new.{new} := {to_new};
  end if;
  return new;
end
"""


@dataclass(frozen=True, slots=True)
class _Column:
    name: str
    type: str
    is_not_null: bool
    default: str | None
    is_made_by_server: bool
    used_by: list[str]


def rename_column(
    table: str,
    old: str,
    new: str,
    *,
    type_: str | None = None,
    batch_rows: int = 1000,
    pause_seconds: float = 0.05,
    schema: str | None = None,
) -> None:
    """Add the column under its new name, of another type if asked, and keep both in step; fill it in batches.

    Code may use either name from then on. Once no code uses the old one, `finish_rename` drops it.
    """
    with alone() as session:
        path, name = session.quoted(schema, table), own_name("sync", table, old, new)
        columns = _columns(session, path, old, new)
        before = columns.get(old)
        if before is None or before.is_made_by_server:
            raise NotOnline(
                problem=f"{old} of {table} is no column that can be kept in step",
                remedy="it has to be there, and no identity or generated column",
            )
        kind = type_ or before.type
        if new not in columns:
            session.run(f"alter table {path} add column {session.quoted(new)} {kind}")
        _keep_in_step(session, schema, table, name, before, new, kind)
        own, theirs = session.quoted(new), session.quoted(old)
        fill(session, path, f"{own} = {theirs}::{kind}", f"{own} is distinct from {theirs}::{kind}",
             batch_rows, pause_seconds)  # fmt: skip


def finish_rename(table: str, old: str, new: str, *, schema: str | None = None) -> None:
    """Drop the old column, for which no code may ask any more. The new one gets its default and its NOT NULL.

    Refused while an index or a constraint still uses the old one: it would be lost.
    """
    with alone() as session:
        path, name = session.quoted(schema, table), session.quoted(own_name("sync", table, old, new))
        columns = _columns(session, path, old, new)
        if new not in columns:
            raise NotOnline(problem=f"{table} has no column {new}", remedy="run interlock.online.rename_column first")
        before = columns.get(old)
        function = session.quoted(schema, own_name("sync", table, old, new))
        if before is None:
            session.run(f"drop function if exists {function}()")
            return
        if before.used_by:
            raise NotOnline(
                problem=f"with the column {old} of {table} this would be lost: {'; '.join(before.used_by)}",
                remedy=f"make the same for {new} with interlock.online.create_index and its like, and drop these",
            )
    if before.is_not_null:
        set_not_null(table, new, schema=schema)
    with alone() as session:
        # One statement, so that there is no moment at which neither the trigger nor the default gives a value.
        steps = [f"drop trigger if exists {name} on {path}"]
        if before.default is not None:
            steps.append(f"alter table {path} alter column {session.quoted(new)} set default {before.default}")
        steps.append(f"alter table {path} drop column {session.quoted(old)}")
        session.run(_together(steps))
        session.run(f"drop function if exists {function}()")


def _columns(session: Session, path: str, old: str, new: str) -> dict[str, _Column]:
    return {row[0]: _Column(*row) for row in session.ask(_FIND, table=path, old=old, new=new)}


def _keep_in_step(
    session: Session, schema: str | None, table: str, name: str, before: _Column, new: str, kind: str
) -> None:
    own, theirs = session.quoted(new), session.quoted(before.name)
    body = _BODY.format(new=own, old=theirs, to_old=f"new.{own}::{before.type}", to_new=f"new.{theirs}::{kind}")
    function = session.quoted(schema, name)
    session.run(f"create or replace function {function}() returns trigger language plpgsql as $sync$ {body} $sync$")
    path = session.quoted(schema, table)
    there = "select 1 from pg_catalog.pg_trigger where tgrelid = pg_catalog.to_regclass(:table) and tgname = :name"
    if not session.ask(there, table=path, name=name):
        when = f"before insert or update on {path} for each row"
        session.run(f"create trigger {session.quoted(name)} {when} execute function {function}()")


def _together(steps: list[str]) -> str:
    return f"do $together$ begin {'; '.join(steps)}; end $together$"

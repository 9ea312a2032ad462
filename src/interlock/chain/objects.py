"""Which objects there are and in which files, seen by a session from inside its transaction."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

# In a transaction that has read one of these before, what it has changed since then is of no age (the manual, 9.27.7).
_RELATIONS = """
select c.oid::bigint, c.relkind::text, n.nspname || '.' || c.relname,
       coalesce(t.nspname || '.' || t.relname, n.nspname || '.' || c.relname), c.relfilenode::bigint,
       least(age(c.xmin), age(n.xmin), t.age) <= 0 as is_changed
  from pg_catalog.pg_class c
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  left join (select x.indexrelid, tn.nspname, tc.relname, least(age(tc.xmin), age(tn.xmin)) as age
               from pg_catalog.pg_index x
               join pg_catalog.pg_class tc on tc.oid = x.indrelid
               join pg_catalog.pg_namespace tn on tn.oid = tc.relnamespace) t on t.indexrelid = c.oid
 where c.relkind in ('r', 'p', 'm', 'v', 'f', 'i', 'I', 'S')
   and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
"""
_PARTS = """
select 'column ' || a.attrelid || ' ' || a.attnum, 'column', a.attname, n.nspname || '.' || c.relname,
       least(age(a.xmin), age(c.xmin), age(n.xmin)) <= 0 as is_changed
  from pg_catalog.pg_attribute a
  join pg_catalog.pg_class c on c.oid = a.attrelid
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
 where c.relkind in ('r', 'p', 'f') and a.attnum > 0 and not a.attisdropped
   and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
 union all
select 'constraint ' || k.oid,
       case k.contype when 'p' then 'primary key' when 'u' then 'unique constraint' when 'f' then 'foreign key'
                      when 'c' then 'check constraint' else 'exclusion constraint' end,
       k.conname, n.nspname || '.' || c.relname, least(age(k.xmin), age(c.xmin), age(n.xmin)) <= 0
  from pg_catalog.pg_constraint k
  join pg_catalog.pg_class c on c.oid = k.conrelid
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
 where k.contype in ('p', 'u', 'f', 'c', 'x') and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
 union all
select 'trigger ' || g.oid, 'trigger', g.tgname, n.nspname || '.' || c.relname,
       least(age(g.xmin), age(c.xmin), age(n.xmin)) <= 0
  from pg_catalog.pg_trigger g
  join pg_catalog.pg_class c on c.oid = g.tgrelid
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
 where not g.tgisinternal
 union all
select 'policy ' || p.oid, 'policy', p.polname, n.nspname || '.' || c.relname,
       least(age(p.xmin), age(c.xmin), age(n.xmin)) <= 0
  from pg_catalog.pg_policy p
  join pg_catalog.pg_class c on c.oid = p.polrelid
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
"""
# How many there are, and those that the transaction has changed.
_CHANGED = """
with every as ({})
select counted.number, changed.*
  from (select count(*) as number from every) counted
  left join (select * from every where is_changed) changed on true
"""
_KINDS = {"r": "table", "p": "table", "m": "materialized view", "v": "view", "f": "foreign table", "i": "index"}
_KINDS |= {"I": "index", "S": "sequence"}

Rows = Mapping[Any, tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Objects:
    """Relations by their oid: relkind, name, table, file; what they have by a key: kind, name, table."""

    relations: Rows
    parts: Rows

    @classmethod
    def read(cls, cursor: Any) -> "Objects":
        """Read all there are."""
        return cls(_read(cursor, _RELATIONS), _read(cursor, _PARTS))

    def read_again(self, cursor: Any) -> "Objects":
        """How it is now, in the transaction in which these were read, when nothing of it was taken back since."""
        return Objects(_renew(cursor, _RELATIONS, self.relations), _renew(cursor, _PARTS, self.parts))

    def without(self, others: "Objects") -> list[list[str]]:
        """Kind, name and table of each that is not among the others, in order."""
        relations = (self.relations[oid] for oid in self.relations.keys() - others.relations.keys())
        parts = (self.parts[key] for key in self.parts.keys() - others.parts.keys())
        return sorted([*([_KINDS[kind], name, table] for kind, name, table, _ in relations), *map(list, parts)])


def _read(cursor: Any, query: str) -> Rows:
    cursor.execute(query)
    return {key: tuple(facts) for key, *facts, _ in cursor.fetchall()}


def _renew(cursor: Any, query: str, known: Rows) -> Rows:
    cursor.execute(_CHANGED.format(query))
    rows = cursor.fetchall()
    number = rows[0][0]
    now = {**known, **{key: tuple(facts) for _, key, *facts, _ in rows if key is not None}}
    return now if len(now) == number else _read(cursor, query)

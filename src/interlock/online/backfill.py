"""Fill a column batch by batch.

What stands after SET and WHERE is the author's own SQL, as everything else in a migration.
"""

# ruff: noqa: S608

import logging
import time
from dataclasses import dataclass

from interlock.online.session import NotOnline, Session, alone

_log = logging.getLogger(__name__)
_TELLS_EVERY_SECONDS = 10.0

_KEY = """
select a.attname::text, pg_catalog.format_type(a.atttypid, a.atttypmod)
  from pg_catalog.pg_index i
  join pg_catalog.pg_attribute a on a.attrelid = i.indrelid and a.attnum = any(i.indkey)
 where i.indrelid = pg_catalog.to_regclass(:table) and i.indisprimary
"""


def backfill(
    table: str,
    assign: str,
    *,
    where: str,
    batch_rows: int = 1000,
    pause_seconds: float = 0.05,
    schema: str | None = None,
) -> int:
    """Update the rows that still need it, in batches along the primary key; give how many were updated.

    `assign` is what stands after SET, `where` says which rows are not done yet: it has to be false for a row that is.
    So a run that was cut off goes on where it was. Each batch is a transaction; its rows are locked for that long.
    """
    with alone() as session:
        return fill(session, session.quoted(schema, table), assign, where, batch_rows, pause_seconds)


def fill(session: Session, path: str, assign: str, where: str, batch_rows: int, pause_seconds: float) -> int:
    """Go through the table until no row needs it. Raises NotOnline where that would not come to an end."""
    key = session.ask(_KEY, table=path)
    if len(key) != 1:
        raise NotOnline(
            problem=f"{path} cannot be gone through in batches: its primary key has {len(key)} columns",
            remedy="a table of this kind needs a loop of its own, along a unique column",
        )
    name, kind = key[0]
    batches = _Batches(session, path, name, kind, _literal(assign), _literal(where), batch_rows, pause_seconds)
    # A row with a key that lies behind may have come in meanwhile.
    while session.ask(f"select 1 from {path} where {batches.where} limit 1"):
        batches.go_through()
    return batches.total


@dataclass
class _Batches:
    session: Session
    path: str
    key: str
    kind: str
    assign: str
    where: str
    rows: int
    pause_seconds: float
    total: int = 0

    def go_through(self) -> None:
        """Once along the key."""
        last, told = None, time.monotonic()
        while (upto := self._end_of_page(last)) is not None:
            changed = self._update(last, upto)
            if changed and not self.total and self._update(last, upto) >= changed:
                raise NotOnline(
                    problem=f"rows of {self.path} still need it after they were updated: {self.where}",
                    remedy="`where` has to be false for a row that is done, and `assign` has to make it so",
                )
            self.total, last = self.total + changed, upto
            if changed:
                time.sleep(self.pause_seconds)
            if time.monotonic() - told > _TELLS_EVERY_SECONDS:
                told = time.monotonic()
                _log.info("%s: %s rows filled, up to %s = %s", self.path, f"{self.total:,}", self.key, last)

    def _end_of_page(self, last: str | None) -> str | None:
        page = (
            f"select {self._key} as k from {self.path} where {self._after(last)} order by {self._key} limit {self.rows}"
        )
        found = self.session.ask(f"select k::text from ({page}) page order by k desc limit 1", **_given(last=last))
        return str(found[0][0]) if found else None

    def _update(self, last: str | None, upto: str) -> int:
        within = f"{self._after(last)} and {self._key} <= cast(:upto as {self.kind}) and ({self.where})"
        return self.session.run(f"update {self.path} set {self.assign} where {within}", _given(last=last, upto=upto))

    def _after(self, last: str | None) -> str:
        return "true" if last is None else f"{self._key} > cast(:last as {self.kind})"

    @property
    def _key(self) -> str:
        return self.session.quoted(self.key)


def _given(**values: str | None) -> dict[str, str]:
    return {name: value for name, value in values.items() if value is not None}


def _literal(sql: str) -> str:
    """A colon of the author's is a colon."""
    return sql.replace(":", r"\:")

"""How fast a server reads and writes: measured on a scratch database, where nobody waits for it."""

import time

from interlock.hazards.statement import Rates
from interlock.postgres.session import Connection

# The scratch server writes to nobody's disk, and its table lies in memory: what it does several times as fast as a good
# database with a disk of its own is not promised of the live one.
_AT_MOST = Rates(scan=500e6, rewrite=200e6, index=150e6, rows=100e3, basis="at 500 MB/s read and 200 MB/s written")

_ROWS = 150_000
_UPDATED = 15_000
_MAKE = f"""
create table rate as
select number as id, pg_catalog.md5(number::text) as key, pg_catalog.repeat('x', 120) as filler
  from pg_catalog.generate_series(1, {_ROWS}) as number
"""  # noqa: S608 - of constants


def assumed_rates() -> Rates:
    """What nothing faster than is ever promised."""
    return _AT_MOST


def measure_rates(scratch: Connection) -> Rates:
    """Measure on an empty database, in about a second. The answer is never faster than `assumed_rates`."""
    scratch.execute(_MAKE)
    size = float(scratch.execute("select pg_catalog.pg_table_size('rate')").fetchall()[0][0])
    scan = size / _seconds(scratch, "select pg_catalog.count(*) from rate where filler is null")
    rewrite = size / _seconds(scratch, "alter table rate alter column id type bigint")
    index = size / _seconds(scratch, "create index on rate (key)")
    rows = _UPDATED / _seconds(scratch, f"update rate set filler = key where id <= {_UPDATED}")  # noqa: S608
    measured = Rates(scan, rewrite, index, rows, "")
    scan, rewrite = min(measured.scan, _AT_MOST.scan), min(measured.rewrite, _AT_MOST.rewrite)
    basis = f"at {scan / 1e6:.0f} MB/s read and {rewrite / 1e6:.0f} MB/s written"
    return Rates(scan, rewrite, min(measured.index, _AT_MOST.index), min(measured.rows, _AT_MOST.rows), basis)


def _seconds(scratch: Connection, statement: str) -> float:
    began = time.monotonic()
    scratch.execute(statement.encode())
    return max(time.monotonic() - began, 1e-6)

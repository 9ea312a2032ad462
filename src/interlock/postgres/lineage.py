"""Which server answers: the same one as before, another one, or a standby that has taken over."""

from dataclasses import dataclass

from psycopg import errors

from interlock.postgres.session import Connection, read_facts

# A standby that was promoted writes a history of its own: the first eight digits of the name of a file of WAL. The
# control file has the number too, but only from the next checkpoint on.
_TIMELINE = """
select case when not pg_catalog.pg_is_in_recovery()
            then pg_catalog.left(pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_lsn()), 8) end
"""
_DATABASE = "select oid::bigint from pg_catalog.pg_database where datname = pg_catalog.current_database()"


@dataclass(frozen=True, slots=True)
class Lineage:
    """What a database has in common with its standbys, and the timeline, which each promotion makes anew.

    The timeline is None where it is not known: on a standby, or where the server does not say it.
    """

    system_identifier: str
    database: int
    timeline: int | None

    def is_kin_of(self, other: "Lineage") -> bool:
        """Whether it is the same database, or one that was a copy of it."""
        return (self.system_identifier, self.database) == (other.system_identifier, other.database)

    def has_taken_over_from(self, other: "Lineage") -> bool:
        """Whether it has gone another way since."""
        known = self.timeline is not None and other.timeline is not None
        return self.is_kin_of(other) and known and self.timeline != other.timeline


def read_lineage(session: Connection) -> Lineage:
    """Ask the server which one it is."""
    database = session.execute(_DATABASE).fetchall()[0][0]
    return Lineage(read_facts(session).system_identifier, database, _read_timeline(session))


def _read_timeline(session: Connection) -> int | None:
    try:
        digits = session.execute(_TIMELINE).fetchall()[0][0]
    except (errors.FeatureNotSupported, errors.InsufficientPrivilege):
        return None  # a server that somebody else runs may keep its WAL to itself
    return int(digits, 16) if digits else None

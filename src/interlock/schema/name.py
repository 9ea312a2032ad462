"""What objects of a catalog are called."""

from enum import StrEnum
from typing import NamedTuple


class Kind(StrEnum):
    """What an object of the catalog is, in the words of PostgreSQL. The order is the order of reports."""

    EXTENSION = "extension"
    LANGUAGE = "language"
    SCHEMA = "schema"
    COLLATION = "collation"
    ENUM = "enum"
    DOMAIN = "domain"
    DOMAIN_CONSTRAINT = "domain constraint"
    COMPOSITE = "composite type"
    RANGE = "range type"
    BASE_TYPE = "base type"
    SEQUENCE = "sequence"
    TABLE = "table"
    FOREIGN_TABLE = "foreign table"
    VIEW = "view"
    MATERIALIZED_VIEW = "materialized view"
    COLUMN = "column"
    PRIMARY_KEY = "primary key"
    UNIQUE = "unique constraint"
    FOREIGN_KEY = "foreign key"
    CHECK = "check constraint"
    EXCLUSION = "exclusion constraint"
    INDEX = "index"
    TRIGGER = "trigger"
    RULE = "rule"
    POLICY = "policy"
    FUNCTION = "function"
    PROCEDURE = "procedure"
    AGGREGATE = "aggregate"
    STATISTICS = "statistics"
    OPERATOR = "operator"
    OPERATOR_FAMILY = "operator family"
    OPERATOR_CLASS = "operator class"
    CAST = "cast"
    CONVERSION = "conversion"
    TRANSFORM = "transform"
    ACCESS_METHOD = "access method"
    SEARCH_PARSER = "text search parser"
    SEARCH_TEMPLATE = "text search template"
    SEARCH_DICTIONARY = "text search dictionary"
    SEARCH_CONFIGURATION = "text search configuration"
    WRAPPER = "foreign-data wrapper"
    SERVER = "foreign server"
    USER_MAPPING = "user mapping"
    EVENT_TRIGGER = "event trigger"
    PUBLICATION = "publication"
    SUBSCRIPTION = "subscription"
    DEFAULT_PRIVILEGES = "default privileges"

    # A name is looked up several times for each object; that of Enum is written in Python.
    __hash__ = str.__hash__


_ORDER = {kind: place for place, kind in enumerate(Kind)}
_TYPES = frozenset({Kind.ENUM, Kind.DOMAIN, Kind.DOMAIN_CONSTRAINT, Kind.COMPOSITE, Kind.RANGE, Kind.BASE_TYPE})


class Name(NamedTuple):
    """What identifies an object: its schema, its own name, and what it is called inside of that if it belongs to it.

    `table` is the table, view or domain that a column, a constraint, an index, a trigger, a rule or a policy (`item`)
    belongs to, and the own name of everything else; that of a routine has its argument types. `schema` is empty for
    what lies in none.
    """

    kind: Kind
    schema: str
    table: str
    item: str = ""

    @property
    def ways_to_write(self) -> frozenset[str]:
        """How people name an object: as the report does, or without the kind."""
        return frozenset({str(self), self.path})

    @property
    def container(self) -> tuple[str, str] | None:
        """The relation or domain that an object belongs to, as schema and name; None for what stands alone."""
        return (self.schema, self.table) if self.item else None

    @property
    def path(self) -> str:
        """The name without the kind."""
        return ".".join(part for part in (self.schema, self.table, self.item) if part)

    def __str__(self) -> str:
        return f"{self.kind} {self.path}"

    @property
    def place(self) -> tuple[str, bool, str, int, str]:
        """Where a report has it: types before the tables that use them, a table before what belongs to it."""
        return (self.schema, self.kind not in _TYPES, self.table, _ORDER[self.kind], self.item)

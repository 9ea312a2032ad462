"""The objects of a catalog, one frozen value each. Every text is as the server prints it, every name in it qualified.

`owner` is a role, `comment` a text or empty, `grants` what its owner granted beyond the server's own rule, or took
away from it, as "role: PRIVILEGES". They stand last in every value.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import TypeVar, dataclass_transform, get_args

from interlock.schema.name import Kind, Name

T = TypeVar("T")


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def value(*, kw_only: bool = False) -> Callable[[type[T]], type[T]]:
    """A dataclass whose attributes nobody may set, which the type checker sees to.

    Were it refused at run time, making one would take six times as long, and there are tens of thousands.
    """
    return dataclass(slots=True, unsafe_hash=True, kw_only=kw_only)


@value(kw_only=True)
class Common:
    """What every object can have."""

    owner: str = ""
    comment: str = ""
    grants: tuple[str, ...] = ()


@value()
class Schema(Common):
    """A schema."""

    name: Name


@value()
class Extension(Common):
    """An extension. What it brings is its own, and not listed."""

    name: Name
    version: str
    schema: str


@value()
class Enum(Common):
    """An enum type with its labels in order."""

    name: Name
    labels: tuple[str, ...]


@value()
class Domain(Common):
    """A domain; its constraints are objects of their own."""

    name: Name
    type: str
    nullable: bool = True
    default: str | None = None
    collation: str = ""


@value()
class Composite(Common):
    """A composite type: each attribute as its name, quoted where it must be, and its type; and their comments."""

    name: Name
    attributes: tuple[str, ...]
    attribute_comments: tuple[str, ...] = ()


@value()
class Range(Common):
    """A range type. `options` is what stands in the brackets of its create statement."""

    name: Name
    options: tuple[str, ...]


@value()
class Sequence(Common):
    """A sequence. `owned_by` is the column that it belongs to; that of an identity was made with its column."""

    name: Name
    type: str
    start: int
    increment: int
    minimum: int
    maximum: int
    cache: int
    is_cycling: bool = False
    persistence: str = "permanent"
    owned_by: Name | None = None
    is_identity: bool = False


@value()
class Table(Common):
    """A table: ordinary, partitioned or foreign.

    `part_of` is what it is a partition of, with its bounds, or inherits from. `persistence` is "permanent" or
    "unlogged"; `replica_identity` is "default", "nothing", "full", or the name of an index; `server` is that of a
    foreign table, and `options` are its storage parameters, or what its server is told. `revisions` are the rows of
    Alembic's version table, where they are compared.
    """

    name: Name
    partition_key: str | None = None
    part_of: str | None = None
    is_detaching: bool = False
    persistence: str = "permanent"
    row_security: bool = False
    forces_row_security: bool = False
    replica_identity: str = "default"
    access_method: str = ""
    options: tuple[str, ...] = ()
    toast_options: tuple[str, ...] = ()
    of_type: str = ""
    clustered_on: str = ""
    server: str = ""
    tablespace: str = ""
    revisions: tuple[str, ...] = ()


@value()
class Column(Common):
    """A column of a table, a foreign table or a view.

    `position` counts the columns that were ever there, from 1; it is not compared, the order of a table's columns is.
    `storage` and `collation` are empty where they are those of the type. `is_inherited` says that only a table above
    it declares the column.
    """

    name: Name
    type: str
    nullable: bool
    default: str | None = None
    # How the server fills the column: "a" or "d" for an identity, "s" or "v" for a generated column
    # (pg_attribute.attidentity, pg_attribute.attgenerated).
    filled_by: str = ""
    collation: str = ""
    storage: str = ""
    compression: str = ""
    statistics_target: int | None = None
    options: tuple[str, ...] = ()
    # From 18 on NOT NULL is a constraint: it may be NOT VALID, or not passed on to the tables below.
    not_null_is_validated: bool = True
    not_null_is_inherited: bool = True
    is_inherited: bool = False
    not_null_comment: str = ""
    position: int = field(default=0, compare=False)


@value()
class Constraint(Common):
    """A constraint of a table or a domain, as pg_get_constraintdef prints it without what the other values say.

    `index_is_valid`, `options` and `index_comment` are those of the index that stands behind it.
    """

    name: Name
    definition: str
    is_validated: bool = True
    is_enforced: bool = True
    is_deferrable: bool = False
    is_deferred: bool = False
    is_inherited_below: bool = True
    index_is_valid: bool = True
    options: tuple[str, ...] = ()
    index_comment: str = ""


@value()
class Index(Common):
    """An index that no constraint owns. One that is INVALID is there, and no query uses it.

    `predicate`, `method` and the like stand in the definition too, and apart so that a difference can be told.
    """

    name: Name
    definition: str
    is_unique: bool = False
    is_valid: bool = True
    method: str = "btree"
    predicate: str = ""
    nulls_are_distinct: bool = True
    tablespace: str = ""


@value()
class View(Common):
    """A view, or a materialized one: its query, its options."""

    name: Name
    query: str
    options: tuple[str, ...] = ()
    access_method: str = ""
    clustered_on: str = ""
    tablespace: str = ""


@value()
class Routine(Common):
    """A function, a procedure or an aggregate: the statement that makes it.

    What is told apart of it stands in the statement too.
    """

    name: Name
    definition: str
    result: str = ""
    volatility: str = ""
    is_security_definer: bool = False
    settings: tuple[str, ...] = ()


@value()
class Trigger(Common):
    """A trigger or a rule: the statement that makes it, and when it fires: origin, replica, always, or disabled."""

    name: Name
    definition: str
    enabled: str = "origin"


@value()
class Policy(Common):
    """A policy of row-level security."""

    name: Name
    command: str
    is_permissive: bool
    roles: tuple[str, ...]
    using: str | None = None
    check: str | None = None


@value()
class Definition(Common):
    """An object that is one statement, and whether it is switched on. Nothing in it is secret."""

    name: Name
    definition: str
    enabled: str = "origin"


Item = (
    Schema
    | Extension
    | Enum
    | Domain
    | Composite
    | Range
    | Sequence
    | Table
    | Column
    | Constraint
    | Index
    | View
    | Routine
    | Trigger
    | Policy
    | Definition
)


def _compared(kind: type[Common]) -> tuple[str, ...]:
    common = tuple(part.name for part in fields(Common))
    own = (part.name for part in fields(kind) if part.compare and part.name not in ("name", *common))
    return (*own, *common)


_COMPARED = {kind: _compared(kind) for kind in get_args(Item)}


def attributes(item: Item) -> Mapping[str, object]:
    """What is compared of an object: everything but its name."""
    return {name: getattr(item, name) for name in _COMPARED[type(item)]}


MADE_AS: Mapping[Kind, type[Item]] = {
    Kind.SCHEMA: Schema,
    Kind.EXTENSION: Extension,
    Kind.ENUM: Enum,
    Kind.DOMAIN: Domain,
    Kind.DOMAIN_CONSTRAINT: Constraint,
    Kind.COMPOSITE: Composite,
    Kind.RANGE: Range,
    Kind.SEQUENCE: Sequence,
    Kind.TABLE: Table,
    Kind.FOREIGN_TABLE: Table,
    Kind.COLUMN: Column,
    Kind.PRIMARY_KEY: Constraint,
    Kind.UNIQUE: Constraint,
    Kind.FOREIGN_KEY: Constraint,
    Kind.CHECK: Constraint,
    Kind.EXCLUSION: Constraint,
    Kind.INDEX: Index,
    Kind.VIEW: View,
    Kind.MATERIALIZED_VIEW: View,
    Kind.FUNCTION: Routine,
    Kind.PROCEDURE: Routine,
    Kind.AGGREGATE: Routine,
    Kind.TRIGGER: Trigger,
    Kind.RULE: Trigger,
    Kind.POLICY: Policy,
}
"""Of which class the objects of a kind are; those of every other kind are a Definition."""


def class_of(kind: Kind) -> type[Item]:
    """The class that the objects of a kind are of."""
    return MADE_AS.get(kind, Definition)

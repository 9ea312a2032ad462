"""Objects of a catalog, filled in where a test does not care."""

from interlock.schema.items import Column, Constraint, Enum, Index, Item, Table
from interlock.schema.name import Kind, Name
from interlock.schema.snapshot import Snapshot


def a_table(name: str = "orders", schema: str = "public") -> Table:
    return Table(Name(Kind.TABLE, schema, name))


def a_column(name: str = "email", table: str = "orders", **more) -> Column:
    return Column(Name(Kind.COLUMN, "public", table, name), **{"type": "text", "nullable": True, **more})


def a_foreign_key(name: str = "orders_customer_fkey", table: str = "orders") -> Constraint:
    return Constraint(Name(Kind.FOREIGN_KEY, "public", table, name), "FOREIGN KEY (customer_id) REFERENCES customers")


def an_index(name: str = "orders_by_state", table: str = "orders", **more) -> Index:
    return Index(Name(Kind.INDEX, "public", table, name), f"CREATE INDEX {name} ON {table} (state)", **more)


def an_enum(name: str = "order_state", labels: tuple[str, ...] = ("open", "paid")) -> Enum:
    return Enum(Name(Kind.ENUM, "public", name), labels)


def a_snapshot(*items: Item) -> Snapshot:
    return Snapshot({item.name: item for item in items})

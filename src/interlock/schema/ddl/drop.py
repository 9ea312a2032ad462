"""The statements that take an object away."""

from interlock.schema.ddl.constraints import drop_constraint
from interlock.schema.ddl.definitions import drop_default_privileges
from interlock.schema.ddl.words import address, identifier, relation
from interlock.schema.items import Column, Constraint, Definition, Item, Sequence
from interlock.schema.name import Kind, Name


def drop_statements(item: Item) -> tuple[str, ...]:
    """Drop an object, never what depends on it: the server refuses then."""
    match item:
        case Constraint():
            return (drop_constraint(item),)
        case Column():
            return (f"ALTER TABLE {relation(item.name)} DROP COLUMN {identifier(item.name.item)}",)
        case Sequence(is_identity=True, owned_by=Name() as column):
            return (f"ALTER TABLE {relation(column)} ALTER COLUMN {identifier(column.item)} DROP IDENTITY",)
        case Definition(name=Name(kind=Kind.DEFAULT_PRIVILEGES)):
            return tuple(drop_default_privileges(item))
        case Definition(name=Name(kind=Kind.USER_MAPPING)):
            return (f"DROP{item.definition.removeprefix('CREATE')}",)
    return (f"DROP {address(item.name)}",)

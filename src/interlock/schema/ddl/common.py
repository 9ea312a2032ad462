"""What every object can have: an owner, a comment, grants."""

import re
from collections.abc import Iterable, Iterator, Mapping

from interlock.schema.ddl.words import address, identifier, literal, relation
from interlock.schema.items import Column, Composite, Constraint, Item, Sequence
from interlock.schema.name import Kind, Name

_GRANT = re.compile(r"(?P<is_revoked>not )?(?P<role>PUBLIC|\"(?:[^\"]|\"\")*\"|[^:]+): (?P<privileges>.+)", re.DOTALL)
_ATTRIBUTE = re.compile(r"(?P<name>\"(?:[^\"]|\"\")*\"|[^:]+): (?P<comment>.*)", re.DOTALL)
_WITH_GRANT_OPTION = " with grant option"
_TABLES = frozenset({Kind.TABLE, Kind.FOREIGN_TABLE, Kind.VIEW, Kind.MATERIALIZED_VIEW})


def common_statements(item: Item, owner: str = "") -> Iterator[str]:
    """Give an object that was just made its owner, comment and grants; `owner` is that of a column's table."""
    if item.owner and not _follows_its_table(item):
        yield owner_statement(item.name, item.owner)
    if item.comment:
        yield comment_statement(item.name, item.comment)
    yield from _further_comments(item).values()
    if isinstance(item, Column) and item.not_null_comment:
        yield _comment_on_not_null(item)
    yield from grant_statements(item, item.grants, owner)


def common_changes(declared: Item, observed: Item, owner: str = "") -> Iterator[str]:
    """Bring owner, comment and grants of an object that is there to what is declared."""
    if declared.owner != observed.owner and declared.owner and not _follows_its_table(declared):
        yield owner_statement(declared.name, declared.owner)
    if declared.comment != observed.comment:
        yield comment_statement(declared.name, declared.comment)
    ours, theirs = _further_comments(declared), _further_comments(observed)
    for place in {**ours, **theirs}:
        if ours.get(place) != theirs.get(place):
            yield ours.get(place, f"{place} IS NULL")
    if isinstance(declared, Column) and getattr(observed, "not_null_comment", "") != declared.not_null_comment:
        yield _comment_on_not_null(declared)
    taken = [grant for grant in observed.grants if grant not in declared.grants]
    given = [grant for grant in declared.grants if grant not in observed.grants]
    yield from grant_statements(declared, taken, owner, is_undone=True)
    yield from grant_statements(declared, given, owner)


def owner_statement(name: Name, role: str) -> str:
    return f"ALTER {address(name)} OWNER TO {identifier(role)}"


def comment_statement(name: Name, comment: str) -> str:
    return f"COMMENT ON {address(name)} IS {literal(comment) if comment else 'NULL'}"


def _further_comments(item: Item) -> Mapping[str, str]:
    """The statements that comment on what has no object of its own, by the part of them that says on what."""
    match item:
        case Composite(name=name, attribute_comments=comments):
            found = (_ATTRIBUTE.fullmatch(comment) for comment in comments)
            told = {f"COMMENT ON COLUMN {relation(name)}.{each['name']}": each["comment"] for each in found if each}
        case Constraint(name=Name(schema=schema, item=index), index_comment=comment) if comment:
            told = {f"COMMENT ON INDEX {identifier(schema)}.{identifier(index)}": comment}
        case _:
            told = {}
    return {place: f"{place} IS {literal(comment)}" for place, comment in told.items()}


def _comment_on_not_null(column: Column) -> str:
    """Comment on NOT NULL, a constraint that the server finds: its name depends on history, and is not compared."""
    table = literal(relation(column.name))
    comment = literal(column.not_null_comment) if column.not_null_comment else "NULL"
    said = f"pg_catalog.format('COMMENT ON CONSTRAINT %I ON %s IS %L', k.conname, {table}, {comment})"
    found = (
        "pg_catalog.pg_constraint k JOIN pg_catalog.pg_attribute a"
        " ON a.attrelid = k.conrelid AND k.conkey = ARRAY[a.attnum] AND k.contype = 'n'"
        f" AND k.conrelid = {table}::pg_catalog.regclass AND a.attname = {literal(column.name.item)}"
    )
    body = f"BEGIN EXECUTE (SELECT {said} FROM {found}); END"  # noqa: S608 - of names and texts in quotes
    return f"DO {literal(body)}"


def grant_statements(item: Item, grants: Iterable[str], owner: str = "", *, is_undone: bool = False) -> Iterator[str]:
    """Grant, or take away, what these lines say, or the contrary of it."""
    # What is taken away comes first: it may be a part of what is granted then.
    for grant in sorted(grants, key=lambda grant: grant.startswith("not ") == is_undone):
        found = _GRANT.fullmatch(grant)
        if not found:
            raise ValueError(f"not a line of grants: {grant}")
        privileges = found["privileges"].removesuffix(_WITH_GRANT_OPTION)
        role = identifier(item.owner or owner) if found["role"] == "owner" and (item.owner or owner) else found["role"]
        if bool(found["is_revoked"]) == is_undone:
            option = " WITH GRANT OPTION" if found["privileges"].endswith(_WITH_GRANT_OPTION) else ""
            yield f"GRANT {_granted(item.name, privileges)} TO {role}{option}"
        else:
            yield f"REVOKE {_granted(item.name, privileges)} FROM {role}"


def _granted(name: Name, privileges: str) -> str:
    if name.kind is Kind.COLUMN:
        column = f" ({identifier(name.item)})"
        privileges = ", ".join(privilege + column for privilege in privileges.split(", "))
        return f"{privileges} ON TABLE {relation(name)}"
    if name.kind in _TABLES:
        return f"{privileges} ON TABLE {relation(name)}"
    if name.kind is Kind.SERVER:
        return f"{privileges} ON FOREIGN {address(name)}"
    return f"{privileges} ON {address(name)}"


def _follows_its_table(item: Item) -> bool:
    """Whether the owner of an object can only be that of its table."""
    return item.name.kind is Kind.INDEX or (isinstance(item, Sequence) and item.is_identity)

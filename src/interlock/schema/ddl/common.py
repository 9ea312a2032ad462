"""What every object can have: an owner, a comment, grants."""

import re
from collections.abc import Iterable, Iterator

from interlock.schema.ddl.words import address, identifier, literal, relation
from interlock.schema.items import Item, Sequence
from interlock.schema.name import Kind, Name

_GRANT = re.compile(r"(?P<is_revoked>not )?(?P<role>PUBLIC|\"(?:[^\"]|\"\")*\"|[^:]+): (?P<privileges>.+)", re.DOTALL)
_WITH_GRANT_OPTION = " with grant option"
_TABLES = frozenset({Kind.TABLE, Kind.FOREIGN_TABLE, Kind.VIEW, Kind.MATERIALIZED_VIEW})


def common_statements(item: Item, owner: str = "") -> Iterator[str]:
    """Give an object that was just made its owner, comment and grants; `owner` is that of a column's table."""
    if item.owner and not _follows_its_table(item):
        yield owner_statement(item.name, item.owner)
    if item.comment:
        yield comment_statement(item.name, item.comment)
    yield from grant_statements(item, item.grants, owner)


def common_changes(declared: Item, observed: Item, owner: str = "") -> Iterator[str]:
    """Bring owner, comment and grants of an object that is there to what is declared."""
    if declared.owner != observed.owner and declared.owner and not _follows_its_table(declared):
        yield owner_statement(declared.name, declared.owner)
    if declared.comment != observed.comment:
        yield comment_statement(declared.name, declared.comment)
    taken = [grant for grant in observed.grants if grant not in declared.grants]
    given = [grant for grant in declared.grants if grant not in observed.grants]
    yield from grant_statements(declared, taken, owner, is_undone=True)
    yield from grant_statements(declared, given, owner)


def owner_statement(name: Name, role: str) -> str:
    return f"ALTER {address(name)} OWNER TO {identifier(role)}"


def comment_statement(name: Name, comment: str) -> str:
    return f"COMMENT ON {address(name)} IS {literal(comment) if comment else 'NULL'}"


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

"""Objects that are one statement, which the catalog query wrote: what is to be added to it, or taken out."""

import re
from collections.abc import Iterator

from interlock.schema.ddl.constraints import FIRES
from interlock.schema.ddl.words import address, identifier
from interlock.schema.items import Definition
from interlock.schema.name import Kind
from interlock.schema.snapshot import Snapshot

# pg_get_statisticsobjdef does not print it, the query adds it at the end.
_TARGET = re.compile(r"\A(?P<statement>.*) \(target (?P<target>\d+)\)\Z", re.DOTALL)
_MEMBER = re.compile(r"(?P<what>OPERATOR|FUNCTION) (?P<number>\d+) (?:\([^()]*\) )?(?P<own>\S+\([^()]*\))")
_DEFAULTS = re.compile(r"(?P<of>[a-z ]+?) of (?P<role>.*)", re.DOTALL)
_PRIVILEGE = r"[A-Z]+(?: with grant option)?"
_ENTRY = re.compile(
    rf'(?P<role>"(?:[^"]|"")*"|[^\s:,]+): (?P<privileges>{_PRIVILEGE}(?:, {_PRIVILEGE})*)(?:, |\Z)', re.DOTALL
)
# What the server grants to everybody on new objects of a kind.
_TO_PUBLIC = {"routines": "EXECUTE", "types": "USAGE"}
HIDDEN = "'***'"
"""Stands in the place of an option's value that may be a secret."""


def create_definition(item: Definition) -> Iterator[str]:
    """Make an object that is one statement, or several."""
    match item.name.kind:
        case Kind.STATISTICS if found := _TARGET.match(item.definition):
            yield found["statement"]
            yield f"ALTER {address(item.name)} SET STATISTICS {found['target']}"
        case Kind.SEARCH_CONFIGURATION:
            yield from item.definition.split(";\n")
        case Kind.OPERATOR_FAMILY:
            yield item.definition.partition("\n")[0]
        case Kind.DEFAULT_PRIVILEGES:
            yield from _default_privileges(item)
        case _:
            yield item.definition
    if item.name.kind is Kind.EVENT_TRIGGER and item.enabled != "origin":
        yield enable_event_trigger(item)


def finish_definition(item: Definition, snapshot: Snapshot) -> Iterator[str]:
    """Add to an operator family what no class of it brings."""
    if item.name.kind is not Kind.OPERATOR_FAMILY:
        return
    first, *members = item.definition.splitlines()
    own = first.removeprefix("CREATE OPERATOR FAMILY ").partition(" USING ")[0]
    brought = {
        (found["what"], found["number"], found["own"])
        for other in snapshot
        if isinstance(other, Definition)
        and other.name.kind is Kind.OPERATOR_CLASS
        and f" FAMILY {own} AS " in other.definition
        for found in _MEMBER.finditer(other.definition)
    }
    for member in members:
        if tuple(member.split(" ", 2)) not in brought:
            yield f"ALTER {address(item.name)} ADD {member}"


def enable_event_trigger(item: Definition) -> str:
    return f"ALTER {address(item.name)} {FIRES[item.enabled]}"


def change_mappings(declared: Definition, observed: Definition) -> Iterator[str]:
    """Give the tokens of a text search configuration other dictionaries, for indexes may depend on it."""
    ours, theirs = declared.definition.split(";\n"), observed.definition.split(";\n")
    if ours[0] != theirs[0]:
        yield from (f"DROP {address(declared.name)}", *ours)
        return
    for mapping in theirs:
        if mapping not in ours:
            yield mapping.replace(" ADD MAPPING FOR ", " DROP MAPPING FOR ", 1).partition(" WITH ")[0]
    yield from (mapping for mapping in ours if mapping not in theirs)


def drop_default_privileges(item: Definition) -> Iterator[str]:
    """Bring the privileges on objects that are yet to be made back to the server's own rule."""
    prefix, of = _altered(item)
    for found in _ENTRY.finditer(item.definition):
        yield f"{prefix} REVOKE ALL ON {of} FROM {found['role']}"
    if (public := _TO_PUBLIC.get(of.lower())) and not item.name.schema:
        yield f"{prefix} GRANT {public} ON {of} TO PUBLIC"


def _default_privileges(item: Definition) -> Iterator[str]:
    prefix, of = _altered(item)
    entries = list(_ENTRY.finditer(item.definition))
    # Those for a whole database stand in the place of the server's own; those for a schema are added to them.
    if of.lower() in _TO_PUBLIC and not item.name.schema and not any(each["role"] == "PUBLIC" for each in entries):
        yield f"{prefix} REVOKE ALL ON {of} FROM PUBLIC"
    for entry in entries:
        privileges = entry["privileges"].split(", ")
        plain = [each for each in privileges if not each.endswith(" with grant option")]
        passed_on = [each.removesuffix(" with grant option") for each in privileges if each not in plain]
        if plain:
            yield f"{prefix} GRANT {', '.join(plain)} ON {of} TO {entry['role']}"
        if passed_on:
            yield f"{prefix} GRANT {', '.join(passed_on)} ON {of} TO {entry['role']} WITH GRANT OPTION"


def _altered(item: Definition) -> tuple[str, str]:
    found = _DEFAULTS.fullmatch(item.name.table)
    if not found:
        raise ValueError(f"not a name of default privileges: {item.name.table}")
    schema = f" IN SCHEMA {identifier(item.name.schema)}" if item.name.schema else ""
    return f"ALTER DEFAULT PRIVILEGES FOR ROLE {identifier(found['role'])}{schema}", found["of"].upper()

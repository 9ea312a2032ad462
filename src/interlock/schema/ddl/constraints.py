"""Constraints, indexes, triggers, rules and policies as statements: what belongs to a table."""

import re
from collections.abc import Iterator

from interlock.schema.ddl.words import identifier, parameters, qualified, relation
from interlock.schema.items import Constraint, Index, Policy, Trigger
from interlock.schema.name import Kind

# Of an index on a partitioned table the server always prints ONLY; with it the partitions get none.
_ON_ONLY = re.compile(r'(CREATE (?:UNIQUE )?INDEX (?:"(?:[^"]|"")*"|\S+) ON )ONLY ')
_CREATE_INDEX = re.compile(r"CREATE (UNIQUE )?INDEX ")
_KEYS = frozenset({Kind.PRIMARY_KEY, Kind.UNIQUE})
FIRES = {"origin": "ENABLE", "replica": "ENABLE REPLICA", "always": "ENABLE ALWAYS", "disabled": "DISABLE"}


def add_constraint(constraint: Constraint) -> Iterator[str]:
    """Add a constraint to its table or domain, with what pg_get_constraintdef does not print of it."""
    parts = [f"ALTER {_holder(constraint)} ADD CONSTRAINT {identifier(constraint.name.item)} {constraint.definition}"]
    if constraint.options and constraint.name.kind in _KEYS:
        parts.append(f"WITH ({parameters(constraint.options)})")
    if not constraint.is_inherited_below:
        parts.append("NO INHERIT")
    if constraint.is_deferrable:
        parts.append("DEFERRABLE INITIALLY DEFERRED" if constraint.is_deferred else "DEFERRABLE")
    if not constraint.is_enforced:
        parts.append("NOT ENFORCED")
    elif not constraint.is_validated:
        parts.append("NOT VALID")
    yield " ".join(parts)
    if constraint.options and constraint.name.kind is Kind.EXCLUSION:
        # In the statement they would stand in the middle of what the server prints.
        yield f"ALTER INDEX {index_of(constraint)} SET ({parameters(constraint.options)})"


def validate_constraint(constraint: Constraint) -> str:
    return f"ALTER {_holder(constraint)} VALIDATE CONSTRAINT {identifier(constraint.name.item)}"


def drop_constraint(constraint: Constraint) -> str:
    return f"ALTER {_holder(constraint)} DROP CONSTRAINT {identifier(constraint.name.item)}"


def index_of(constraint: Constraint) -> str:
    """The index that stands behind a constraint."""
    return qualified(constraint.name.schema, constraint.name.item)


def create_index(index: Index, *, concurrently: bool = False) -> Iterator[str]:
    """Make an index; on a partitioned table, for its partitions too if it is valid."""
    made = _ON_ONLY.sub(r"\1", index.definition, count=1) if index.is_valid else index.definition
    if concurrently:
        made = _CREATE_INDEX.sub(r"CREATE \1INDEX CONCURRENTLY ", made, count=1)
    yield made
    if index.tablespace:
        own = qualified(index.name.schema, index.name.item)
        yield f"ALTER INDEX {own} SET TABLESPACE {identifier(index.tablespace)}"


def is_on_partitioned(index: Index) -> bool:
    """Whether an index stands on a partitioned table."""
    return bool(_ON_ONLY.match(index.definition))


def create_trigger(trigger: Trigger) -> Iterator[str]:
    """Make a trigger or a rule, and say when it fires."""
    yield trigger.definition.removesuffix(";")
    if trigger.enabled != "origin":
        yield enable_trigger(trigger)


def enable_trigger(trigger: Trigger) -> str:
    return (
        f"ALTER TABLE {relation(trigger.name)} {FIRES[trigger.enabled]} "
        f"{trigger.name.kind.upper()} {identifier(trigger.name.item)}"
    )


def create_policy(policy: Policy) -> Iterator[str]:
    parts = [
        f"CREATE POLICY {identifier(policy.name.item)} ON {relation(policy.name)}",
        f"AS {'PERMISSIVE' if policy.is_permissive else 'RESTRICTIVE'} FOR {policy.command}",
        f"TO {', '.join(policy.roles)}",
    ]
    if policy.using is not None:
        parts.append(f"USING ({policy.using})")
    if policy.check is not None:
        parts.append(f"WITH CHECK ({policy.check})")
    yield " ".join(parts)


def _holder(constraint: Constraint) -> str:
    kind = "DOMAIN" if constraint.name.kind is Kind.DOMAIN_CONSTRAINT else "TABLE"
    return f"{kind} {relation(constraint.name)}"

"""The rules, in files of close kin. Importing this registers them all."""

from interlock.hazards.rules import (
    broken_code,
    foreign_keys,
    held,
    indexes,
    partitions,
    replication,
    rewrites,
    rows,
    scans,
    security,
    types,
)
from interlock.hazards.rules.scans import work_that_no_other_rule_told

__all__ = [
    "broken_code",
    "foreign_keys",
    "held",
    "indexes",
    "partitions",
    "replication",
    "rewrites",
    "rows",
    "scans",
    "security",
    "types",
    "work_that_no_other_rule_told",
]

"""What a check found out, and how bad it is."""

from dataclasses import dataclass
from enum import IntEnum, StrEnum


class Signal(IntEnum):
    """How bad a finding is. The order is the meaning: the worst one shows."""

    CLEAR = 0
    CAUTION = 1
    STOP = 2


class Check(StrEnum):
    """What can report. The stages of a release report under their own names, in this order."""

    CONNECT = "connect"
    PROJECT = "project"
    CHAIN = "chain"
    SCHEMA_FILE = "schema file"
    LOCK = "lock"
    PLAN = "plan"
    VERIFY_BEFORE = "verify before"
    DATA_LOSS = "data loss"
    REHEARSE = "rehearse"
    PROBE_BEFORE = "probe before"
    BACKUP = "backup"
    APPLY = "apply"
    VERIFY_AFTER = "verify after"
    MODELS = "models"
    ROWS = "rows"
    DEPLOY = "deploy"
    PROBE_AFTER = "probe after"


@dataclass(frozen=True, slots=True)
class Finding:
    """One fact that a check found out, with what to do about it."""

    check: Check
    signal: Signal
    message: str
    remedy: str = ""

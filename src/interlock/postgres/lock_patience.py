"""For how long a release waits for a lock, and how it tries again: the same for revisions and for repairs."""

import random
from dataclasses import dataclass

GIVES_WAY = frozenset({"55P03", "40P01"})
"""The SQLSTATEs of what may succeed when it is tried again: lock_not_available, deadlock_detected."""

ATTEMPT_SECONDS = 0.7
"""How long a statement waits for a lock. Who wants the table after it waits as long."""
PAST_AUTOVACUUM_SECONDS = 1.5
"""The same where an autovacuum has the lock: it gives way after deadlock_timeout, 1 s unless set, and not sooner."""
AUTOVACUUM_IS_AT_WORK = """
select exists (select from pg_catalog.pg_stat_activity where backend_type = 'autovacuum worker')
"""

_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 0.5, 5.0


@dataclass(frozen=True, slots=True)
class LockPatience:
    """For how long one attempt of a statement waits for a lock, and for how long in all it is tried again."""

    attempt_seconds: float
    seconds: float


def pause_before(attempt: int) -> float:
    """The seconds to wait before another attempt (the first one is 1): longer each time, up to some seconds."""
    seconds = min(_FIRST_PAUSE_SECONDS * 2.0 ** min(attempt - 1, 8), _LONGEST_PAUSE_SECONDS)
    return seconds * random.uniform(0.6, 1.4)  # noqa: S311 - so that two that met do not meet again

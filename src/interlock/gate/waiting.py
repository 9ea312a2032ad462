"""Wait until a database is ready for a build: for init containers, and for workers before they begin."""

import time
from collections.abc import Callable

from interlock.gate.check import Gate, Readiness

POLLS_EVERY_SECONDS = 0.2
"""How often the gate is asked; how often it looks is its own business."""


def wait_until_ready(
    gate: Gate, timeout_seconds: float, on_change: Callable[[Readiness], None] = lambda _answer: None
) -> Readiness:
    """Ask until the answer is "ready", or the time is up; give the last answer. `on_change` hears of each new one."""
    deadline = time.monotonic() + timeout_seconds
    last: Readiness | None = None
    while True:
        answer = gate.check()
        if answer != last:
            on_change(answer)
        if answer.is_ready or time.monotonic() >= deadline:
            return answer
        last = answer
        time.sleep(min(POLLS_EVERY_SECONDS, max(deadline - time.monotonic(), 0.0)))

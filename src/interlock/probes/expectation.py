"""Which statuses an identity may get, where the caller did not say."""

from collections.abc import Iterable
from dataclasses import replace

from interlock.probes.probe import ANONYMOUS, INVALID, NOBODY, Probe

REFUSED = frozenset({401, 403})
SUCCESS = frozenset(range(200, 300))


def expected_of(identity: str) -> frozenset[int]:
    """Give the statuses that an identity may get at a protected endpoint."""
    return REFUSED if identity in NOBODY else SUCCESS


def with_defaults(probe: Probe, named: Iterable[str]) -> Probe:
    """Let a probe without expectations expect that nobody gets in, and that everybody with a name does."""
    if probe.expect:
        return probe
    return replace(probe, expect={name: expected_of(name) for name in (ANONYMOUS, INVALID, *named)})


def is_public(probe: Probe) -> bool:
    """Say whether nobody needs to log in: only then does an anonymous answer prove anything."""
    return bool(probe.expect.get(ANONYMOUS, frozenset()) & SUCCESS)

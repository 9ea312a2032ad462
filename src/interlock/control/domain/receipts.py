"""Receipts: a creation that is asked for twice under one key is done once, and answered twice the same."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from interlock.control.domain.errors import InvalidChange

if TYPE_CHECKING:
    from interlock.control.domain.scope import Scope
    from interlock.control.domain.work import UnitOfWork


@dataclass(frozen=True, slots=True)
class Creation:
    """A wish to create something. Without a key it is done as often as it is asked for."""

    key: str | None
    fingerprint: str
    """Tells one request from another that uses the same key by mistake."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What was answered to the first request with a key."""

    fingerprint: str
    answer: Mapping[str, Any]


class Receipts(Protocol):
    """The receipts of whoever asks. They go after a day."""

    async def claim(self, creation: Creation) -> Receipt | None:
        """Take the key for this work, and wait for other work that has it; its receipt if that was kept."""

    async def keep(self, creation: Creation, answer: Mapping[str, Any]) -> None: ...


async def claim(work: "UnitOfWork[Scope]", creation: Creation) -> Receipt | None:
    """Find the receipt of an earlier request, or take the key for this one."""
    if creation.key is None:
        return None
    receipt = await work.receipts.claim(creation)
    if receipt and receipt.fingerprint != creation.fingerprint:
        raise InvalidChange(
            problem="this idempotency key was used for another request",
            remedy="send each new request under a new key",
        )
    return receipt

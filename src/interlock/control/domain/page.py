"""One page of a list."""

from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")

LARGEST_PAGE = 200


@dataclass(frozen=True, slots=True)
class Slice:
    """Which part of a list is wanted: so many rows after this one."""

    limit: int
    after: str | None = None


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """A part of a list in its order. `last` is where the next page goes on; None on the last page."""

    items: tuple[T, ...]
    last: str | None

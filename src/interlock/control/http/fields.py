"""Fields that several requests share, and lists that come in pages."""

from base64 import b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Generic, TypeVar

from fastapi import Depends, Path, Query
from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from interlock.control.domain.errors import InvalidCursor
from interlock.control.domain.free_json import check_free_json, cut
from interlock.control.domain.keys import KEY_PATTERN
from interlock.control.domain.page import LARGEST_PAGE, Page, Slice
from interlock.control.domain.sign_in import EMAIL_PATTERN, LONGEST_EMAIL

T = TypeVar("T")

# PostgreSQL keeps no NUL in a text (Character Types, 8.3).
TEXT_PATTERN = r"^[^\x00]*$"
# Of blanks alone nothing can be seen, or clicked.
WORDS_PATTERN = r"^[^\x00]*[^\s\x00][^\x00]*$"

SECTOR_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9.:-]{0,31}$"

FIRST_YEAR, LAST_YEAR = 1900, 9998

Key = Annotated[str, StringConstraints(pattern=KEY_PATTERN)]
KeyInQuery = Annotated[str, Query(pattern=KEY_PATTERN)]
KeyInPath = Annotated[str, Path(pattern=KEY_PATTERN)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=WORDS_PATTERN, strip_whitespace=True)]
Words = Annotated[
    str,
    StringConstraints(min_length=1, max_length=4000, pattern=WORDS_PATTERN, strip_whitespace=True),
    Field(examples=["pilot customer"]),
]
Text = Annotated[str, StringConstraints(max_length=4000, pattern=TEXT_PATTERN)]

Email = Annotated[
    str,
    StringConstraints(min_length=3, max_length=LONGEST_EMAIL, pattern=EMAIL_PATTERN),
    Field(examples=["jo@acme.example"]),
]
Search = Annotated[
    str | None, Query(min_length=1, max_length=200, pattern=TEXT_PATTERN, description="What the name or key contains.")
]


def _is_written_out(value: object) -> object:
    # Pydantic would take a number, even one that is written as a text, for seconds since 1970.
    if isinstance(value, int | float) or (isinstance(value, str) and "-" not in value[1:]):
        raise ValueError("a moment is a text, such as 2026-11-27T12:00:00Z")
    return value


def _is_in_every_calendar(moment: datetime) -> datetime:
    # What Python has no day for in another time zone cannot be read from PostgreSQL any more.
    if not FIRST_YEAR <= moment.year <= LAST_YEAR:
        raise ValueError(f"a moment is in one of the years {FIRST_YEAR} to {LAST_YEAR}")
    return moment


def _is_number(value: object) -> object:
    # Pydantic would take "50" and true for numbers, and the document promises that they are refused.
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise ValueError("this has to be a number")  # noqa: TRY004 - what pydantic understands
    return value


Number = BeforeValidator(_is_number)
"""What an `int` or `float` of a body is annotated with."""
Truth = Annotated[bool, Field(strict=True)]


FreeJson = Annotated[dict[str, Any], AfterValidator(check_free_json)]
"""JSON of any shape, as it is taken."""
StoredJson = Annotated[dict[str, Any], BeforeValidator(cut)]
"""JSON of any shape, as it is told: one value that nests too deep must not keep a whole list from being read."""

Moment = Annotated[AwareDatetime, BeforeValidator(_is_written_out), AfterValidator(_is_in_every_calendar)]
MomentOfRecord = Annotated[datetime, BeforeValidator(_is_written_out), AfterValidator(_is_in_every_calendar)]
"""The same, of a guard that may leave the time zone out."""
SectorCode = Annotated[str, StringConstraints(pattern=SECTOR_PATTERN), Field(examples=["62.01"])]


class Body(BaseModel):
    """What a request sends. A field that we do not know is refused: a typing error must not pass for a change."""

    model_config = ConfigDict(extra="forbid")

    def given(self) -> Any:
        """The fields that the request holds; those that it leaves out are not in it."""
        return self.model_dump(exclude_unset=True)


class View(BaseModel):
    """What an answer tells of a thing. Every field is always there."""

    model_config = ConfigDict(from_attributes=True)


def left_out() -> Any:
    """A field of a change may be left out, but not be null; this is never read (`exclude_unset`)."""
    return Field(default_factory=lambda: None)


@dataclass(frozen=True, slots=True)
class Listing(Generic[T]):
    """One page, with the cursor that leads to the next."""

    items: tuple[T, ...]
    next_cursor: str | None


class ListView(View):
    """What every list says beside its items."""

    next_cursor: str | None = Field(description="Send it as `cursor` for the next page; null on the last page.")


def listing(page: Page[T]) -> Listing[T]:
    """A page as it is sent."""
    return Listing(page.items, page.last and urlsafe_b64encode(page.last.encode()).decode())


async def _slice(
    limit: Annotated[int, Query(ge=1, le=LARGEST_PAGE)] = 50,
    cursor: Annotated[str | None, Query(max_length=400)] = None,
) -> Slice:
    return Slice(limit, None if cursor is None else _read_cursor(cursor))


def _read_cursor(cursor: str) -> str:
    try:
        after = b64decode(cursor, altchars=b"-_", validate=True).decode()
    except ValueError:
        raise InvalidCursor from None
    if "\0" in after:
        raise InvalidCursor
    return after


WantedSlice = Annotated[Slice, Depends(_slice)]

"""What every list takes from its address, and every form from its fields."""

import re
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

from fastapi import Depends
from pydantic import BaseModel, ValidationError

from interlock.control.domain.errors import InvalidChange
from interlock.control.domain.keys import KEY_PATTERN
from interlock.control.domain.page import Slice
from interlock.control.domain.sign_in import EMAIL_PATTERN
from interlock.control.http.fields import SECTOR_PATTERN, TEXT_PATTERN, WORDS_PATTERN

ModelT = TypeVar("ModelT", bound=BaseModel)

ROWS = 50

PATTERNS_IN_WORDS = {
    KEY_PATTERN: "a key has at most 63 small letters, digits, dots, hyphens and underscores",
    SECTOR_PATTERN: "a code has at most 32 letters, digits, dots, colons and hyphens, such as 62.01",
    EMAIL_PATTERN: "this is no e-mail address, such as jo@acme.example",
    TEXT_PATTERN: "it must not contain NUL",
    WORDS_PATTERN: "it must not contain NUL",
}

TERMS = re.compile("^(Input|String) should")
"""What pydantic calls the value of a field."""


@dataclass(frozen=True, slots=True)
class List:
    """Which part of a list a page shows, and what it was searched for."""

    slice: Slice
    search: str

    @property
    def after(self) -> str | None:
        return self.slice.after


async def _wanted(search: str = "", after: str | None = None) -> List:
    # PostgreSQL keeps no NUL in a text.
    return List(Slice(ROWS, after.replace("\0", "") if after else None), search.strip()[:100].replace("\0", ""))


Wanted = Annotated[List, Depends(_wanted)]


def rows_after(place: object | None) -> Slice:
    """One page of a list that stands beside others on a page of the console; its first without a place."""
    return Slice(ROWS, None if place is None else str(place))


def number(text: str) -> int | str:
    """The number that was typed; what is none stays as it is, for the rules of the API to refuse."""
    return int(text) if re.fullmatch("-?[0-9]{1,9}", text) else text


def validated(model: type[ModelT], **values: Any) -> ModelT:
    """Hold what a form gives to the rules of the API. Raises InvalidChange for the first that it breaks."""
    try:
        return model.model_validate(values)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        field = str(first["loc"][0]).replace("_", " ") if first["loc"] else "form"
        pattern = str(first.get("ctx", {}).get("pattern"))
        told = PATTERNS_IN_WORDS.get(pattern, TERMS.sub("it should", first["msg"].removeprefix("Value error, ")))
        raise InvalidChange(problem=f"{field}: {told}", remedy="correct it, and send it again") from None

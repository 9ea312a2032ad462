"""ETag, If-Match and If-None-Match (RFC 9110, 8.8.3 and 13.1): a change says which version it is a change of."""

import re
from typing import TYPE_CHECKING, Annotated, Literal

from fastapi import Depends, Header, Response

from interlock.control.domain.versions import ABSENT, PRESENT, version_of

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

# A weak tag names what is good enough to read, not to overwrite: it never matches here.
TAG = re.compile(r'\s*(?P<weak>W/)?"(?P<tag>[^"]*)"\s*(?:,|$)')


def tag(response: Response, thing: "DataclassInstance") -> None:
    """Say in an answer which version of a thing it shows."""
    response.headers["ETag"] = quoted(thing)


def quoted(thing: "DataclassInstance") -> str:
    """The version of a thing as a header holds it."""
    return f'"{version_of(thing)}"'


async def _expected(
    if_match: Annotated[
        str | None,
        Header(
            alias="If-Match",
            max_length=1000,
            description="The ETag that was read: if somebody has changed it since, 412. `*`: only what is there.",
        ),
    ] = None,
) -> frozenset[str] | None:
    if if_match is None:
        return None
    if if_match.strip() == "*":
        return frozenset({PRESENT})
    tags, end = [], 0
    while match := TAG.match(if_match, end):
        tags += [] if match["weak"] else [match["tag"]]
        end = match.end()
    # What is no list of tags matches nothing; that is said when the rest of the request was looked at.
    return frozenset(tags if end == len(if_match) else ())


Expected = Annotated[frozenset[str] | None, Depends(_expected)]


async def _expected_or_absent(
    expected: Expected,
    if_none_match: Annotated[
        Literal["*"] | None,
        Header(alias="If-None-Match", description="Only what is not there yet: if it is, 412."),
    ] = None,
) -> frozenset[str] | None:
    if if_none_match is None:
        return expected
    # What must be there, and must not be, is nothing that there could be.
    return frozenset({ABSENT} if expected is None else ())


ExpectedOrAbsent = Annotated[frozenset[str] | None, Depends(_expected_or_absent)]
"""For what is made and changed by the same PUT."""

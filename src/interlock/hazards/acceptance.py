"""Who answers for a hazard: a comment in a revision, or the operator."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date

from interlock.errors import ExitCode, InterlockError
from interlock.hazards.hazard import Acceptance, Hazard
from interlock.hazards.rule import rule_names

FORM = "# interlock: accept RULE on TABLE until YYYY-MM-DD: reason"

_MEANT = re.compile(r"#\s*interlock\s*:(?P<said>.*)", re.IGNORECASE)
_ACCEPT = re.compile(r"\s*accept (?P<rule>\S+) on (?P<table>\S+) until (?P<until>\d{4}-\d{2}-\d{2}): *(?P<reason>\S.*)")


@dataclass(frozen=True, slots=True)
class Malformed:
    """A comment that is meant to accept a hazard, and does not."""

    place: str
    message: str
    remedy: str = f"write it as: {FORM}"


class UnknownAcceptance(InterlockError):
    """The operator accepts what there is not."""

    exit_code = ExitCode.USAGE

    def __init__(self, text: str) -> None:
        super().__init__(
            problem=f"--accept {text!r} does not name a rule and a table",
            remedy=f"give it as RULE:TABLE; the rules are {', '.join(sorted(rule_names()))}",
        )


def accepted_in(file: str, source: str) -> tuple[tuple[Acceptance, ...], tuple[Malformed, ...]]:
    """Read the comments of a revision: what they accept, and those that are not understood."""
    read = tuple(_comments(file, source))
    accepted = tuple(each for each in read if isinstance(each, Acceptance))
    return accepted, tuple(each for each in read if isinstance(each, Malformed))


def accepted_by_operator(text: str) -> Acceptance:
    """Read RULE:TABLE. Raises UnknownAcceptance."""
    name, _, table = text.partition(":")
    if name not in rule_names() or not table:
        raise UnknownAcceptance(text)
    return Acceptance(name, _full(table), "answered for on the command line", "--accept")


def answered(hazard: Hazard, acceptances: Iterable[Acceptance], today: date) -> Hazard:
    """Give a hazard with who accepted it. An acceptance counts through its last day; one that expired is told."""
    meant = [each for each in acceptances if _is_meant(each, hazard)]
    for each in meant:
        if each.until is None or today <= each.until:
            return replace(hazard, accepted=each)
    return replace(hazard, expired=meant[0]) if meant else hazard


def _is_meant(acceptance: Acceptance, hazard: Hazard) -> bool:
    return (
        acceptance.rule == hazard.rule
        and acceptance.table in (None, hazard.table)
        and acceptance.revision in (None, hazard.statement.file)
    )


def _comments(file: str, source: str) -> Iterator[Acceptance | Malformed]:
    for number, line in enumerate(source.splitlines(), 1):
        if meant := _MEANT.search(line):
            yield _read(meant["said"], file, f"{file}:{number}")


def _read(said: str, file: str, place: str) -> Acceptance | Malformed:
    found = _ACCEPT.fullmatch(said.rstrip())
    if found is None:
        return Malformed(place, f"the comment accepts nothing: {said.strip()!r} is not understood")
    if found["rule"] not in rule_names():
        known = f"the rules are {', '.join(sorted(rule_names()))}"
        return Malformed(place, f"the comment accepts nothing: there is no rule {found['rule']!r}", known)
    try:
        until = date.fromisoformat(found["until"])
    except ValueError:
        return Malformed(place, f"the comment accepts nothing: there is no day {found['until']}")
    return Acceptance(found["rule"], _full(found["table"]), found["reason"], place, file, until)


def _full(table: str) -> str:
    """A name without a schema means the one in `public`."""
    return table if "." in table else f"public.{table}"

"""An endpoint of one thing, such as /orders/{order_id}: what to ask it for is told by the answer of a list."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from urllib.parse import quote

from interlock.probes.json_value import Json, parse_json
from interlock.probes.probe import Probe
from interlock.probes.reply import NoReply, Reply, is_json

# A server that has not these things any more, or wants them called something else, has not failed.
NOT_TAKEN = frozenset({400, 404, 410, 422})

_USUAL_NAMES = ("items", "results", "data", "content", "records", "rows", "entries", "values")
_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z0-9]+")


@dataclass(frozen=True, slots=True)
class Detail:
    """A probe whose path has parameters in braces, and for each of them the probe of the list that tells a value."""

    probe: Probe
    lists: tuple[tuple[str, str], ...]
    """The name of a parameter, and the name of a probe: in the order of the path."""

    def filled(self, told: Mapping[str, Json]) -> Probe | None:
        """The probe with what the lists told one identity, by name of the list; None where they told too little."""
        path = self.probe.path
        for parameter, by in self.lists:
            value = value_for(parameter, told.get(by))
            if value is None:
                return None
            path = path.replace("{" + parameter + "}", quote(value, safe=""))
        return replace(self.probe, path=path)

    def is_page_of(self, told: Mapping[str, Json]) -> bool:
        """Whether this is the page of a thing that a list told by the very name of the parameter.

        What is below it may well not be there, as an invoice that nobody has written yet.
        """
        parameter, by = self.lists[-1]
        first = next(_things(told.get(by)), {})
        return self.probe.path.rstrip("/").endswith("{" + parameter + "}") and any(
            _value_named(name, first) for name in _own_names(parameter)
        )


def told_by(reply: Reply | NoReply) -> Json:
    """The first thing of what a list answered, in a list: the rest is long. Empty where nothing is told."""
    if isinstance(reply, NoReply) or not reply.is_success or reply.is_cut or not is_json(reply.media_type):
        return []
    try:
        return list(islice(_things(parse_json(reply.body)), 1))
    except (ValueError, RecursionError):
        return []


def value_for(parameter: str, listed: Json) -> str | None:
    """Find in a list what its first thing has for a parameter; None where that cannot be told for sure.

    `order_id` is looked for under its own name, as `id`, the last of its words, and as `id` whatever it is called.
    """
    first = next(_things(listed), None)
    if first is None:
        return None
    return next(filter(None, (_value_named(name, first) for name in (*_own_names(parameter), "id"))), None)


def _own_names(parameter: str) -> tuple[str, ...]:
    words = _WORDS.findall(parameter)
    return (parameter, *([words[-1].lower()] if words else []))


def _value_named(name: str, thing: dict[str, Json]) -> str | None:
    values = [_text(thing.get(name))]
    # A thing may be wrapped: {"order": {"id": 7}, "links": ...}.
    values += [_text(part.get(name)) for part in thing.values() if isinstance(part, dict)]
    found = [value for value in values if value]
    return found[0] if values[0] or len(set(found)) == 1 else None


def _things(listed: Json) -> Iterator[dict[str, Json]]:
    if isinstance(listed, dict):
        lists = {name: value for name, value in listed.items() if isinstance(value, list)}
        usual = [lists[name] for name in _USUAL_NAMES if name in lists]
        listed = next(iter([*usual, *lists.values()]), None) if usual or len(lists) == 1 else None
    if isinstance(listed, list):
        yield from (thing for thing in listed if isinstance(thing, dict))


def _text(value: Json) -> str | None:
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    return str(value) or None

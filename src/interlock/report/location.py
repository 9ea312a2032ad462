"""Where a live schema stands in its chain, for a terminal and for programs."""

import json
from collections.abc import Iterator, Sequence

from interlock.report.change import change_as_json
from interlock.report.drift import change_as_lines
from interlock.report.wording import counted
from interlock.schema.drift import Change

FORMAT = "interlock-location/1"
"""Another number once a reader of this format could break; new fields do not change it."""


def location_as_json(
    claimed: Sequence[str], located: Sequence[str], drift: Sequence[Change], told: Sequence[str]
) -> str:
    """Write where a schema was located as one JSON document."""
    document = {
        "format": FORMAT,
        "claimed": list(claimed),
        "located": list(located),
        "is_exact": not drift,
        "drift": [change_as_json(change) for change in drift],
        "not_judged": list(told),
    }
    return json.dumps(document, indent=2, ensure_ascii=True) + "\n"


def location_as_text(
    claimed: Sequence[str], located: Sequence[str], drift: Sequence[Change], told: Sequence[str]
) -> str:
    """Write where a schema was located for people."""
    return "\n".join(_lines(claimed, located, drift, told)) + "\n"


def _lines(
    claimed: Sequence[str], located: Sequence[str], drift: Sequence[Change], told: Sequence[str]
) -> Iterator[str]:
    names = " or ".join(located)
    if drift:
        yield f"the schema is that of no revision; nearest is {names}, with {counted(len(drift), 'difference')}:"
        for change in drift:
            yield from change_as_lines(change)
    else:
        yield f"the schema is that of {names}"
    yield f"the database claims {', '.join(claimed) or 'no revision'}"
    yield from (f"not judged: {text}" for text in told)

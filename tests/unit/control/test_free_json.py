import json
from typing import Any

import pytest

from interlock.control.domain.free_json import CUT, DEEPEST_KEPT, DEEPEST_TOLD, check_free_json, cut


def nested(levels: int) -> Any:
    """Lists in an object, so many levels in all."""
    value: Any = []
    for _ in range(levels - 2):
        value = [value]
    return {"a": value}


def test_as_many_levels_as_are_kept_pass_as_they_are():
    assert check_free_json(nested(DEEPEST_KEPT)) == nested(DEEPEST_KEPT)


def test_a_level_more_is_refused_and_its_place_named():
    with pytest.raises(ValueError, match=r"^a(\.0)+ nests more than 32 levels deep$"):
        check_free_json(nested(DEEPEST_KEPT + 1))


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ({"a": {"b": ["x", "\0"]}}, "a.b.1 must not contain NUL"),
        ({"a": {"\0": 1}}, "a must not contain NUL"),
        ({"a": "\ud800"}, "a holds half of a surrogate pair"),
        ({"a": float("nan")}, "a is no number that JSON has"),
        ({"a": float("inf")}, "a is no number that JSON has"),
    ],
)
def test_what_jsonb_cannot_hold_is_refused_and_its_place_named(value: Any, told: str):
    with pytest.raises(ValueError, match=told):
        check_free_json(value)


@pytest.mark.parametrize("value", [{}, {"a": [None, True, 1, 1.5, "é\\u0000", {"b": []}]}])
def test_everything_else_passes(value: Any):
    assert check_free_json(value) == value


def test_what_is_told_is_cut_where_it_nests_too_deep():
    assert cut(nested(DEEPEST_TOLD)) == nested(DEEPEST_TOLD)
    assert json.dumps(cut(nested(500))).count("[") == DEEPEST_TOLD - 1
    assert CUT in json.dumps(cut(nested(500)))

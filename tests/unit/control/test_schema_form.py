"""A configuration as a form: drawn from the schema, read again as the same configuration."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interlock.control.console.schema_form import Kind, fields_of, fill

SCHEMA = {
    "type": "object",
    "required": ["region"],
    "properties": {
        "region": {"type": "string", "title": "Region", "description": "Where it runs."},
        "limit": {"type": "integer"},
        "ratio": {"type": "number"},
        "is_live": {"type": "boolean"},
        "mode": {"enum": ["fast", "slow", 3, None]},
        "tags": {"type": "array"},
        "anything": {},
    },
}


def shown(configuration: dict[str, Any]) -> dict[str, str]:
    """What a browser would send for the form as it is drawn."""
    return {field.input_name: field.text for field in fields_of(SCHEMA, configuration, {})}


def test_each_property_is_asked_for_in_its_own_way():
    kinds = {field.name: field.kind for field in fields_of(SCHEMA, {}, {})}

    assert kinds == {
        "region": Kind.TEXT,
        "limit": Kind.NUMBER,
        "ratio": Kind.NUMBER,
        "is_live": Kind.CHOICE,
        "mode": Kind.CHOICE,
        "tags": Kind.JSON,
        "anything": Kind.JSON,
        "other settings": Kind.JSON,
    }


TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1).filter(lambda text: text == text.strip())
VALUES = st.fixed_dictionaries(
    {},
    optional={
        "region": TEXT,
        "limit": st.integers(-1000, 1000),
        "ratio": st.floats(allow_nan=False, allow_infinity=False),
        "is_live": st.booleans(),
        "mode": st.sampled_from(["fast", "slow", 3, None]),
        "tags": st.lists(TEXT),
        "anything": st.none() | st.booleans() | TEXT | st.dictionaries(TEXT, st.integers()),
        "unnamed": st.integers() | TEXT | st.lists(st.booleans()),
    },
)


@given(VALUES)
def test_what_is_shown_is_read_again_as_it_was(configuration: dict[str, Any]):
    filled = fill(SCHEMA, shown(configuration))

    assert filled.wrong == ()
    assert json.dumps(filled.configuration, sort_keys=True) == json.dumps(configuration, sort_keys=True)


def test_what_is_left_empty_is_not_configured():
    assert fill(SCHEMA, {"configuration.limit": " ", "configuration.region": ""}).configuration == {}


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("limit", "many", "is no number"),
        ("limit", "true", "is no number"),
        ("ratio", "NaN", "is no number"),
        ("tags", "[1,", "is not valid JSON"),
        ("other settings", "[1]", "is no JSON object"),
    ],
)
def test_what_cannot_be_read_is_told_with_its_place(name: str, text: str, told: str):
    filled = fill(SCHEMA, {f"configuration.{name}": text})

    (wrong,) = filled.wrong
    assert wrong.at == f"configuration.{name}"
    assert told in wrong.message


def test_a_closed_schema_has_no_field_for_other_settings():
    closed = SCHEMA | {"additionalProperties": False}

    assert "other settings" not in {field.name for field in fields_of(closed, {}, {})}
    # But what is set already is not lost out of sight.
    assert "other settings" in {field.name for field in fields_of(closed, {"old": 1}, {})}


def test_a_field_with_a_default_is_not_required_to_be_filled_in():
    (field,) = (each for each in fields_of(SCHEMA, {}, {"region": "eu"}) if each.name == "region")

    assert (field.is_required, field.default) == (False, "eu")


@pytest.mark.parametrize("schema", [None, {}, {"properties": {"a": True}}, {"type": "object"}])
def test_any_schema_gives_a_form(schema: Any):
    assert fields_of(schema, {}, {})

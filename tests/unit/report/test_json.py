import json
from importlib import resources
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from tests.unit.report.builders import (
    HOSTILE,
    RECORDS,
    clear_with_applied_steps,
    stop_at_verify_before,
    stop_because_a_stage_is_silent,
    with_hostile_names,
)

from interlock.report.json import as_json
from interlock.schema.name import Kind
from interlock.verdict.finding import Check, Signal

SCHEMA = json.loads(resources.files("interlock.report").joinpath("schema.json").read_text("utf-8"))


def test_the_schema_is_one():
    Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("name", RECORDS)
def test_every_record_fits_the_schema(name: str):
    Draft202012Validator(SCHEMA).validate(json.loads(as_json(RECORDS[name]())))


@pytest.mark.parametrize("name", RECORDS)
def test_every_field_is_in_the_schema(name: str):
    Draft202012Validator(closed(SCHEMA)).validate(json.loads(as_json(RECORDS[name]())))


def test_the_schema_knows_every_check_and_signal():
    assert SCHEMA["$defs"]["check"]["enum"] == [check.value for check in Check]
    assert set(SCHEMA["$defs"]["signal"]["enum"]) == {signal.name for signal in Signal}


def test_an_object_is_named_in_parts():
    drift = json.loads(as_json(stop_at_verify_before()))["before"]["drift"]

    [column] = [change for change in drift if change["item"] == "total"]
    assert column["kind"] == Kind.COLUMN
    assert (column["change"], column["table"], column["made_by"]) == ("Altered", "invoices", "0004")
    assert column["differs_in"] == ["type", "nullable", "default"]
    assert (column["declared"]["type"], column["observed"]["type"]) == ("numeric(12,2)", "double precision")


def test_times_are_in_utc_and_signals_are_words():
    document = json.loads(as_json(clear_with_applied_steps()))

    assert (document["began"], document["ended"]) == ("2026-08-01T09:14:03.000Z", "2026-08-01T09:14:11.910Z")
    assert document["verdict"]["signal"] == "CLEAR"
    assert document["format"] == "interlock-release/1"


def test_an_endpoint_that_was_not_asked_again_is_unproved():
    endpoints = json.loads(as_json(stop_because_a_stage_is_silent()))["endpoints"]

    assert {endpoint["proof"] for endpoint in endpoints} == {"unproved"}


def test_hostile_names_arrive_unchanged_in_plain_ascii():
    text = as_json(with_hostile_names())

    assert text.isascii()
    assert json.loads(text)["target"]["database"] == HOSTILE


def closed(schema: Any) -> Any:
    """The same schema, that takes no field it does not name."""
    match schema:
        case {"properties": _}:
            return {key: closed(value) for key, value in schema.items()} | {"additionalProperties": False}
        case dict():
            return {key: closed(value) for key, value in schema.items()}
        case list():
            return [closed(part) for part in schema]
        case _:
            return schema

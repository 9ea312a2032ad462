"""Does a value fit its schema?"""

import pytest

from interlock.probes.fit import Misfit, Unusable, find_misfit, says_nothing

NODE = {
    "type": "object",
    "required": ["name"],
    "properties": {
        "name": {"type": "string"},
        "children": {"type": "array", "items": {"$ref": "#/components/schemas/Node"}},
    },
}


def in_a_document(version: str, schema: dict) -> dict:
    return {"openapi": version, "paths": {}, "components": {"schemas": {"Node": NODE}}, **schema}


@pytest.mark.parametrize("version", ["3.0.3", "3.1.0"])
def test_a_recursive_schema_is_followed_to_its_end(version: str):
    schema = in_a_document(version, {"$ref": "#/components/schemas/Node"})
    tree = {"name": "a", "children": [{"name": "b", "children": [{"children": []}]}]}

    assert find_misfit(schema, tree) == Misfit("$.children[0].children[0]", "lacks 'name'")


def test_nullable_lets_null_pass_in_openapi_3_0():
    assert find_misfit(in_a_document("3.0.3", {"type": "string", "nullable": True}), None) is None


def test_null_does_not_pass_in_openapi_3_0_without_nullable():
    found = find_misfit(in_a_document("3.0.3", {"type": "string"}), None)

    assert found == Misfit("$", "is null where string is declared")


@pytest.mark.parametrize(
    "rule", [{"$ref": "#/components/schemas/Node"}, {"allOf": [{"$ref": "#/components/schemas/Node"}]}]
)
def test_nullable_beside_a_reference_lets_null_pass_as_generators_mean_it(rule: dict):
    schema = {"type": "object", "properties": {"owner": {"nullable": True, **rule}}}

    assert find_misfit(in_a_document("3.0.3", schema), {"owner": None}) is None


@pytest.mark.parametrize("version", ["3.0.3", "3.1.0"])
def test_a_property_named_id_is_a_property(version: str):
    schema = in_a_document(version, {"properties": {"id": {"type": "integer"}, "$id": {"type": "integer"}}})

    assert find_misfit(schema, {"id": "one"}) == Misfit("$.id", "is a string where integer is declared")


def test_null_is_a_type_of_its_own_in_openapi_3_1():
    assert find_misfit(in_a_document("3.1.0", {"type": ["string", "null"]}), None) is None


def test_nullable_means_nothing_in_openapi_3_1():
    assert find_misfit(in_a_document("3.1.0", {"type": "string", "nullable": True}), None) is not None


def test_a_write_only_property_need_not_be_in_an_answer():
    schema = {"required": ["password"], "properties": {"password": {"type": "string", "writeOnly": True}}}

    assert find_misfit(in_a_document("3.0.3", {"type": "object", **schema}), {}) is None


def test_an_enum_label_in_the_wrong_case_does_not_fit():
    found = find_misfit({"properties": {"status": {"enum": ["active"]}}}, {"status": "ACTIVE"})

    assert found == Misfit("$.status", "is none of the declared values")


def test_a_time_without_a_zone_passes_as_pydantic_writes_it():
    schema = in_a_document("3.1.0", {"type": "string", "format": "date-time"})

    assert find_misfit(schema, "2025-01-01T00:00:00") is None


def test_the_alternative_that_got_furthest_is_the_one_reported():
    schema = in_a_document("3.1.0", {"anyOf": [{"$ref": "#/components/schemas/Node"}, {"type": "null"}]})

    assert find_misfit(schema, {"name": 1}) == Misfit("$.name", "is a number where string is declared")


def test_a_key_that_the_schema_does_not_name_is_not_repeated():
    schema = {"additionalProperties": {"type": "integer"}}

    found = find_misfit(schema, {"ada@example.org": "x"})

    assert found == Misfit("$.*", "is a string where integer is declared")


def test_properties_that_are_not_declared_are_not_repeated():
    found = find_misfit({"properties": {}, "additionalProperties": False}, {"ada@example.org": 1})

    assert found == Misfit("$", "has properties that are not declared")


@pytest.mark.parametrize("reference", ["#/components/schemas/Absent", "http://127.0.0.1:9/schema.json", "other.json"])
def test_a_reference_that_leads_nowhere_makes_the_schema_unusable(reference: str):
    assert isinstance(find_misfit(in_a_document("3.1.0", {"$ref": reference}), {}), Unusable)


def test_a_rule_that_cannot_be_applied_makes_the_schema_unusable():
    assert isinstance(find_misfit({"pattern": "("}, "text"), Unusable)


def test_a_discriminator_of_the_wrong_type_does_not_break_the_check():
    schema = {
        "oneOf": [{"$ref": "#/components/schemas/Node"}],
        "discriminator": {"propertyName": "name", "mapping": {}},
    }

    assert find_misfit(in_a_document("3.0.3", schema), {"name": ["unhashable"]}) is not None


def test_a_title_alone_says_nothing():
    assert says_nothing(in_a_document("3.1.0", {"title": "Response"}))


def test_a_type_says_something():
    assert not says_nothing(in_a_document("3.1.0", {"type": "object"}))

import time
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from interlock.control.domain.configuration import check_configuration, check_schema
from interlock.control.domain.errors import InvalidChange, InvalidConfiguration
from interlock.control.domain.module_use import AccessReason, access, holding_of
from interlock.control.domain.modules import (
    Module,
    ModuleStatus,
    ModuleType,
    OrganisationModule,
    check_change,
    check_dependencies,
    check_disabling,
    check_enabling,
    check_needed,
    check_nobody_needs,
)
from interlock.control.domain.organisations import Plan

LIFE = [
    ("development", "testing"),
    ("development", "retired"),
    ("testing", "development"),
    ("testing", "active"),
    ("testing", "retired"),
    ("active", "deprecated"),
    ("deprecated", "active"),
    ("deprecated", "retired"),
]


def a_module(status: str = "active", *, is_core: bool = False) -> Module:
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    return Module("m", "M", "", "1", ModuleType.ANALYTICS, ModuleStatus(status), is_core, moment, moment)


@pytest.mark.parametrize("before", ModuleStatus)
@pytest.mark.parametrize("after", ModuleStatus)
def test_a_module_takes_the_steps_of_its_life_and_no_others(before: ModuleStatus, after: ModuleStatus):
    module = a_module(before)
    if before == after or (before, after) in LIFE:
        check_change(module, replace(module, status=after))
    else:
        with pytest.raises(InvalidChange, match=f"from {before} to {after}"):
            check_change(module, replace(module, status=after))


def test_a_core_module_cannot_be_retired():
    module = a_module("deprecated", is_core=True)

    with pytest.raises(InvalidChange, match="core"):
        check_change(module, replace(module, status=ModuleStatus.RETIRED))


def test_a_retired_module_cannot_become_core():
    module = a_module("retired")

    with pytest.raises(InvalidChange, match="core"):
        check_change(module, replace(module, is_core=True))


ACME, ALICE, BOB = UUID(int=1), UUID(int=2), UUID(int=3)
SCHEMA = {
    "type": "object",
    "properties": {"regions": {"type": "array", "items": {"type": "string"}}, "currency": {"enum": ["GBP"]}},
    "required": ["currency"],
}


def needing(key: str, *dependencies: str, **fields: Any) -> Module:
    return replace(a_module(), key=key, dependencies=dependencies, **fields)


def test_what_does_not_fit_a_schema_is_told_by_its_path():
    with pytest.raises(InvalidConfiguration) as refused:
        check_configuration(SCHEMA, {"regions": ["north", 7], "currency": "USD"}, "configuration")

    assert [wrong.at for wrong in refused.value.wrong] == ["configuration.currency", "configuration.regions.1"]


NO_SCHEMAS = (
    ({"type": "planet"}, r"configuration_schema\.type: "),
    ({"$ref": "#/nothing"}, "'/nothing' does not exist"),
    ({"$ref": "http://127.0.0.1:9/schema"}, "Retrieval is disabled"),
    ({"properties": {"a": {"pattern": "(?=a)b"}}}, r"properties\.a\.pattern: .* may not look around"),
    ({"patternProperties": {r"(a)\1": {}}}, "may not look around or refer back"),
)


@pytest.mark.parametrize(("schema", "told"), NO_SCHEMAS, ids=str)
def test_a_schema_that_is_none_or_points_elsewhere_is_refused(schema: dict[str, Any], told: str):
    with pytest.raises(InvalidConfiguration, match=told):
        check_schema(schema)
    with pytest.raises(InvalidConfiguration, match=rf"^configuration: the schema .* cannot be applied: .*{told}"):
        check_configuration(schema, {}, "configuration")


def test_a_schema_that_points_at_itself_ends():
    check_configuration({"$ref": "#"}, {}, "configuration")


LONG = "a" * 10_000 + "!"
SLOW_ELSEWHERE = (
    ({"properties": {"a": {"pattern": "^(a+)+$"}}}, {"a": LONG}),
    ({"patternProperties": {"^(a|a)*$": True}, "additionalProperties": False}, {LONG: 1}),
)


@pytest.mark.parametrize(("schema", "configuration"), SLOW_ELSEWHERE, ids=["value", "name"])
def test_no_pattern_takes_longer_than_the_text_is_long(schema: dict[str, Any], configuration: dict[str, Any]):
    began = time.monotonic()
    with pytest.raises(InvalidConfiguration):
        check_configuration(schema, configuration, "configuration")

    assert time.monotonic() - began < 1


@pytest.mark.parametrize("dependencies", [("m",), ("b",), ("a",)])
def test_a_module_never_needs_itself(dependencies: tuple[str, ...]):
    catalogue = [needing("a", "b"), needing("b", "m"), needing("m")]

    with pytest.raises(InvalidChange, match="itself"):
        check_dependencies("m", dependencies, catalogue)


def test_a_module_needs_only_what_there_is():
    check_dependencies("m", ("a",), [needing("a", "b"), needing("b")])
    with pytest.raises(InvalidChange, match="no such module"):
        check_dependencies("m", ("c",), [needing("a")])


def test_what_is_needed_is_not_retired():
    with pytest.raises(InvalidChange, match="b needs it"):
        check_nobody_needs("a", [needing("b", "a")])
    check_nobody_needs("a", [needing("b", "a", status=ModuleStatus.RETIRED)])


@pytest.mark.parametrize(
    ("module", "plan", "had", "refused"),
    [
        (needing("m", status=ModuleStatus.RETIRED), Plan.ENTERPRISE, (), "retired"),
        (needing("m", minimum_plan=Plan.PROFESSIONAL), Plan.BASIC, (), "plan"),
        (needing("m", "a", "b"), Plan.BASIC, ("a",), "needs b"),
    ],
)
def test_what_an_organisation_may_not_have_is_not_enabled(
    module: Module, plan: Plan, had: tuple[str, ...], refused: str
):
    with pytest.raises(InvalidChange, match=refused):
        check_enabling(module, plan, had)


def test_what_an_organisation_may_have_is_enabled():
    check_enabling(needing("m", "a", minimum_plan=Plan.PROFESSIONAL), Plan.ENTERPRISE, ("a",))


def test_what_is_needed_or_core_stays_on():
    with pytest.raises(InvalidChange, match="b of this organisation needs a"):
        check_disabling(needing("a"), [needing("b", "a")])
    with pytest.raises(InvalidChange, match="core"):
        check_disabling(a_module(is_core=True), [])


def had(
    *, is_enabled: bool = True, allowed: tuple[UUID, ...] = (), denied: tuple[UUID, ...] = ()
) -> OrganisationModule:
    return OrganisationModule(ACME, "m", is_enabled, {}, allowed, denied)


@pytest.mark.parametrize(
    ("module", "assignment", "user", "reason"),
    [
        (a_module(), had(), ALICE, AccessReason.ENABLED),
        (a_module(), had(), None, AccessReason.ENABLED),
        (a_module(), had(is_enabled=False), ALICE, AccessReason.NOT_ENABLED),
        (a_module(), None, ALICE, AccessReason.NOT_ENABLED),
        (a_module(), had(allowed=(BOB,)), ALICE, AccessReason.NOT_AMONG_ALLOWED),
        (a_module(), had(allowed=(ALICE,), denied=(ALICE,)), ALICE, AccessReason.DENIED),
        (a_module(is_core=True), None, ALICE, AccessReason.CORE),
        (a_module(is_core=True), had(denied=(ALICE,)), ALICE, AccessReason.DENIED),
        (a_module("retired"), had(), ALICE, AccessReason.RETIRED),
        (needing("m", minimum_plan=Plan.PROFESSIONAL), had(), ALICE, AccessReason.NOT_LICENSED),
        (needing("m", "a"), had(), ALICE, AccessReason.LACKS_DEPENDENCY),
        (needing("m", "a", is_core=True), None, None, AccessReason.LACKS_DEPENDENCY),
    ],
)
def test_who_may_use_a_module(
    module: Module, assignment: OrganisationModule | None, user: UUID | None, reason: AccessReason
):
    answer = access(module, assignment, user, plan=Plan.BASIC, holding=())

    assert (answer.reason, answer.is_allowed) == (reason, reason in {AccessReason.ENABLED, AccessReason.CORE})


def test_what_holds_is_had_and_licensed_with_all_that_it_needs():
    catalogue = [
        needing("core", is_core=True),
        needing("a", "core"),
        needing("b", "a"),
        needing("dear", minimum_plan=Plan.ENTERPRISE),
        needing("c", "dear"),
        needing("d", "off"),
        needing("e", "d"),
        needing("off"),
        needing("gone", status=ModuleStatus.RETIRED),
        needing("f", "gone"),
    ]
    enabled = {module.key for module in catalogue} - {"core", "off"}

    assert holding_of(catalogue, enabled, Plan.BASIC) == {"core", "a", "b"}


@pytest.mark.parametrize(
    ("module", "needed", "refused"),
    [
        (needing("m", "a"), needing("a", status=ModuleStatus.RETIRED), "a: what is retired"),
        (needing("m", "a", is_core=True), needing("a"), "can be switched off"),
        (needing("m", is_core=True, minimum_plan=Plan.PROFESSIONAL), needing("a"), "not every organisation"),
    ],
)
def test_what_nobody_or_not_everybody_can_have_is_not_needed(module: Module, needed: Module, refused: str):
    with pytest.raises(InvalidChange, match=refused):
        check_needed(module, [needed, module])

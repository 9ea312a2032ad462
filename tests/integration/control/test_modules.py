"""The catalogue of modules through the API."""

import json
from typing import Any

import pytest

from tests.integration.control.conftest import Api, Member, People

MODULES = "/api/v1/admin/modules"


@pytest.fixture
def root(people: People) -> Member:
    return people.super_admin()


def a_module(api: Api, root: Member, key: str = "pricing", **fields: Any) -> dict[str, Any]:
    body = {"key": key, "name": key.title(), "version": "1.0.0", "type": "analytics"} | fields
    answer = api.ask("POST", MODULES, root, json=body)
    assert answer.status_code == 201, answer.text
    module: dict[str, Any] = answer.json()
    return module


def move(api: Api, root: Member, *statuses: str) -> list[int]:
    return [api.ask("PATCH", f"{MODULES}/pricing", root, json={"status": status}).status_code for status in statuses]


def assign(api: Api, root: Member, organisation: str, **fields: Any) -> Any:
    path = f"{MODULES}/pricing/organisations/{organisation}"
    return api.ask("PUT", path, root, json={"is_enabled": True} | fields)


def test_a_new_module_is_in_development(api: Api, root: Member):
    assert a_module(api, root)["status"] == "development"


def test_a_module_that_is_there_is_a_conflict(api: Api, root: Member):
    body = a_module(api, root)

    again = api.ask("POST", MODULES, root, json={name: body[name] for name in ("key", "name", "version", "type")})

    assert again.status_code == 409


def test_a_module_lives_its_life_in_order(api: Api, root: Member):
    a_module(api, root)

    assert move(api, root, "testing", "active", "deprecated", "retired") == [200, 200, 200, 200]


def test_a_module_cannot_skip_testing_nor_come_back_from_retirement(api: Api, root: Member):
    a_module(api, root)

    assert move(api, root, "active", "retired", "active") == [422, 200, 422]


def test_a_core_module_cannot_be_retired(api: Api, root: Member):
    a_module(api, root, is_core=True)

    assert move(api, root, "retired") == [422]


def test_an_organisation_can_be_given_a_module(api: Api, root: Member, people: People):
    people.organisation("acme")
    a_module(api, root)

    given = assign(api, root, "acme", configuration={"currency": "GBP"})

    assert (given.status_code, given.json()["configuration"]) == (200, {"currency": "GBP"})


def test_a_retired_module_cannot_be_enabled(api: Api, root: Member, people: People):
    people.organisation("acme")
    a_module(api, root)
    move(api, root, "retired")

    assert assign(api, root, "acme").status_code == 422


@pytest.mark.parametrize("text", ['{"a": NaN}', r'{"a": "\u0000"}', r'{"a": ["\ud800"]}'])
def test_a_configuration_that_the_database_cannot_hold_is_invalid(api: Api, root: Member, people: People, text: str):
    people.organisation("acme")
    a_module(api, root)

    answer = api.ask(
        "PUT",
        f"{MODULES}/pricing/organisations/acme",
        root,
        content=f'{{"is_enabled": true, "configuration": {text}}}',
        headers={"Content-Type": "application/json"},
    )

    assert answer.status_code == 422


def test_a_configuration_that_only_looks_like_it_holds_nul_is_fine(api: Api, root: Member, people: People):
    people.organisation("acme")
    a_module(api, root)

    assert assign(api, root, "acme", configuration={"pattern": r"\u0000"}).status_code == 200


def test_what_is_not_there_is_not_found(api: Api, root: Member):
    a_module(api, root)

    answers = [
        api.get(f"{MODULES}/nothing", root),
        api.ask("PATCH", f"{MODULES}/nothing", root, json={}),
        assign(api, root, "nobody"),
    ]

    assert {answer.status_code for answer in answers} == {404}


def test_a_configuration_is_held_against_the_schema_and_the_path_is_told(api: Api, root: Member, people: People):
    people.organisation("acme")
    schema = {"properties": {"regions": {"items": {"type": "string"}}}, "required": ["currency"]}
    a_module(api, root, configuration_schema=schema, default_configuration={"currency": "GBP"})

    refused = assign(api, root, "acme", configuration={"regions": ["north", 7]})
    taken = assign(api, root, "acme", configuration={"regions": ["north"]})

    assert (refused.status_code, taken.status_code) == (422, 200)
    assert [each["at"] for each in refused.json()["errors"]] == ["body.configuration.regions.1"]


def test_what_a_module_needs_comes_first_and_goes_last(api: Api, root: Member, people: People):
    people.organisation("acme")
    a_module(api, root, "base")
    a_module(api, root, dependencies=["base"])
    base = f"{MODULES}/base/organisations/acme"

    too_soon = assign(api, root, "acme")
    assert api.ask("PUT", base, root, json={"is_enabled": True}).status_code == 200
    in_order = assign(api, root, "acme")
    too_early_off = api.ask("PUT", base, root, json={"is_enabled": False})

    assert [answer.status_code for answer in (too_soon, in_order, too_early_off)] == [422, 200, 422]


def test_a_licence_is_asked_when_a_module_is_enabled_and_when_the_plan_changes(api: Api, root: Member, people: People):
    people.organisation("acme")
    acme = "/api/v1/admin/organisations/acme"
    a_module(api, root, minimum_plan="professional")

    unlicensed = assign(api, root, "acme")
    upgraded = api.ask("PATCH", acme, root, json={"plan": "enterprise"})
    licensed = assign(api, root, "acme")
    downgraded = api.ask("PATCH", acme, root, json={"plan": "basic"})

    assert [answer.status_code for answer in (unlicensed, upgraded, licensed, downgraded)] == [422, 200, 200, 422]


def test_use_is_counted_by_day_for_those_who_may(api: Api, root: Member, people: People):
    member, denied = people.member("acme", "viewer"), people.member("acme", "viewer")
    a_module(api, root)
    tag = assign(api, root, "acme", denied_users=[str(denied.id)]).headers["ETag"]
    path = f"{MODULES}/pricing/organisations/acme"

    used = [
        api.ask("POST", f"{path}/usage", root, json=body).status_code
        for body in (
            {"user_id": str(member.id), "milliseconds": 40},
            {"is_success": False},
            {"user_id": str(denied.id)},
        )
    ]

    assert used == [204, 204, 422]
    usage = api.get(f"{path}/usage", root).json()
    assert (len(usage["days"]), usage["last_used_at"] is None) == (30, False)
    assert {name: usage["days"][-1][name] for name in ("uses", "failures", "milliseconds")} == {
        "uses": 2,
        "failures": 1,
        "milliseconds": 40,
    }
    assert api.get(f"{path}/access", root, params={"user_id": str(denied.id)}).json()["reason"] == "denied"
    assert api.get(path, root).headers["ETag"] == tag  # that it was used is no change of it


def test_of_two_who_configure_a_module_the_second_is_told(api: Api, root: Member, people: People):
    people.organisation("acme")
    a_module(api, root)
    tag = {"If-Match": assign(api, root, "acme").headers["ETag"]}
    path = f"{MODULES}/pricing/organisations/acme"

    answers = [
        api.ask("PUT", path, root, json={"is_enabled": True, "configuration": {"n": n}}, headers=tag).status_code
        for n in (1, 2)
    ]

    assert answers == [200, 412]


def test_only_users_of_the_organisation_are_allowed_or_denied(api: Api, root: Member, people: People):
    people.organisation("acme")
    a_module(api, root)

    assert assign(api, root, "acme", allowed_users=[str(people.member("globex", "viewer").id)]).status_code == 404


def test_the_modules_of_an_organisation_are_listed_for_its_administrator(api: Api, root: Member, people: People):
    admin = people.member("acme", "admin")
    a_module(api, root)
    assign(api, root, "acme")

    listed = api.get("/api/v1/admin/organisations/acme/modules", admin).json()["items"]

    assert [each["module_key"] for each in listed] == ["pricing"]


def change(api: Api, root: Member, key: str = "pricing", **changes: Any) -> tuple[int, str]:
    answer = api.ask("PATCH", f"{MODULES}/{key}", root, json=changes)
    return answer.status_code, answer.json().get("detail", "")


def holders(api: Api, root: Member, people: People, *keys: str) -> None:
    for key in keys:
        people.organisation(key)
        assert assign(api, root, key).status_code == 200


def test_a_module_needs_nothing_that_its_holders_lack(api: Api, root: Member, people: People):
    a_module(api, root)
    a_module(api, root, "base")
    holders(api, root, people, "acme", "globex", "hooli", "initech", "umbrella")
    api.ask("PUT", f"{MODULES}/base/organisations/globex", root, json={"is_enabled": True})
    api.ask("POST", "/api/v1/admin/organisations/umbrella/archive", root)

    refused = change(api, root, dependencies=["base"])
    for key in ("acme", "hooli", "initech"):
        api.ask("PUT", f"{MODULES}/base/organisations/{key}", root, json={"is_enabled": True})
    taken = change(api, root, dependencies=["base"])

    assert refused == (422, "pricing cannot need base: acme, hooli, initech would have it without")
    assert taken == (200, "")
    people.sql("update organisations set archived_at = null where key = 'umbrella'")
    access = api.get(f"{MODULES}/pricing/organisations/umbrella/access", root).json()
    assert access == {"is_allowed": False, "reason": "lacks_dependency"}


def test_a_module_needs_no_plan_that_its_holders_have_not(api: Api, root: Member, people: People):
    a_module(api, root)
    holders(api, root, people, "acme", "globex", "hooli", "initech")
    people.sql("update organisations set plan = 'enterprise' where key = 'acme'")

    refused = change(api, root, minimum_plan="professional")
    people.sql("update organisations set plan = 'professional'")
    taken = change(api, root, minimum_plan="professional")

    assert refused[0] == 422
    assert "globex, hooli, initech would have it without" in refused[1]
    assert taken == (200, "")
    people.sql("update organisations set plan = 'basic' where key = 'globex'")
    access = api.get(f"{MODULES}/pricing/organisations/globex/access", root).json()
    assert access == {"is_allowed": False, "reason": "not_licensed"}


def test_a_schema_must_fit_how_its_holders_have_set_the_module_up(api: Api, root: Member, people: People):
    people.organisation("acme")
    a_module(api, root)
    assign(api, root, "acme", configuration={"hours": "many"})
    holders(api, root, people, "globex")
    schema = {"properties": {"hours": {"type": "integer"}}, "required": ["hours"]}

    refused = change(api, root, configuration_schema=schema, default_configuration={"hours": 24})
    assign(api, root, "acme", configuration={"hours": 12})
    taken = change(api, root, configuration_schema=schema, default_configuration={"hours": 24})
    no_default = change(api, root, default_configuration={})

    assert refused[0] == 422
    assert refused[1].endswith('"many" is not of type "integer" (so it is set up for acme)')
    assert (taken[0], no_default[0]) == (200, 422)


def test_a_module_stays_core_that_others_rely_on(api: Api, root: Member, people: People):
    a_module(api, root, "base", is_core=True)
    a_module(api, root, dependencies=["base"])
    a_module(api, root, "more", is_core=True, dependencies=["base"])
    holders(api, root, people, "acme")

    for_core = change(api, root, "base", is_core=False)
    assert change(api, root, "more", dependencies=[]) == (200, "")
    for_acme = change(api, root, "base", is_core=False)

    assert for_core == (422, "base must stay core: more, a core module, needs it")
    assert for_acme == (422, "base must stay core: acme would have pricing without it")


def test_more_who_are_concerned_are_counted(api: Api, root: Member, people: People):
    a_module(api, root)
    holders(api, root, people, *(f"org-{number}" for number in range(5)))

    told = change(api, root, minimum_plan="enterprise")[1]

    assert "org-0, org-1, org-2 and 2 more would have it without" in told


def test_what_was_there_before_the_rule_can_still_be_described(api: Api, root: Member, people: People):
    a_module(api, root, "base")
    a_module(api, root, "more", is_core=True)
    people.sql("update analytics_modules set dependencies = '{base}' where key = 'more'")

    assert change(api, root, "more", description="What it does.") == (200, "")
    assert change(api, root, "more", minimum_plan="enterprise")[0] == 422


def nested(levels: int) -> dict[str, Any]:
    value: Any = []
    for _ in range(levels - 2):
        value = [value]
    return {"a": value}


@pytest.mark.parametrize("levels", [33, 256, 700])
def test_json_that_nests_too_deep_is_refused_before_it_is_saved(api: Api, root: Member, people: People, levels: int):
    people.organisation("acme")
    a_module(api, root)
    made = {"key": "other", "name": "Other", "version": "1", "type": "analytics"}

    answers = {
        "default_configuration": api.ask(
            "PATCH", f"{MODULES}/pricing", root, json={"default_configuration": nested(levels)}
        ),
        "configuration_schema": api.ask(
            "PATCH", f"{MODULES}/pricing", root, json={"configuration_schema": nested(levels)}
        ),
        "configuration": assign(api, root, "acme", configuration=nested(levels)),
        "record": api.ask(
            "POST", "/api/v1/admin/releases", root, json={"project": "a", "page": "", "record": nested(levels)}
        ),
    }
    created = api.ask("POST", MODULES, root, json=made | {"default_configuration": nested(levels)})

    assert {answer.status_code for answer in (created, *answers.values())} == {422}
    for field, answer in answers.items():
        (wrong,) = answer.json()["errors"]
        assert wrong["at"] == f"body.{field}"
        assert "a.0.0" in wrong["message"]
        assert "nests more than 32 levels deep" in wrong["message"]
    assert [each["key"] for each in api.get(MODULES, root).json()["items"]] == ["pricing"]


def test_what_may_nest_can_be_saved_and_read_again(api: Api, root: Member, people: People):
    people.organisation("acme")
    a_module(api, root, default_configuration=nested(32), configuration_schema={"properties": {"a": True}})

    given = assign(api, root, "acme", configuration=nested(32))

    assert (given.status_code, given.json()["configuration"]) == (200, nested(32))
    assert api.get(f"{MODULES}/pricing", root).json()["default_configuration"] == nested(32)


@pytest.mark.parametrize("levels", [256, 700])
def test_what_was_saved_too_deep_keeps_nobody_from_reading_the_rest(
    api: Api, root: Member, people: People, levels: int
):
    people.organisation("acme")
    a_module(api, root)
    assign(api, root, "acme")
    deep = json.dumps(nested(levels))
    people.sql("update analytics_modules set default_configuration = %s, configuration_schema = %s", deep, deep)
    people.sql("update organisation_modules set configuration = %s", deep)
    people.sql("update audit_events set after = jsonb_build_object('default_configuration', %s::jsonb)", deep)
    trail = "/api/v1/admin/audit-events"

    answers = [
        api.get(MODULES, root),
        api.get(f"{MODULES}/pricing", root),
        api.ask("PATCH", f"{MODULES}/pricing", root, json={"name": "Prices"}),
        api.get(f"{MODULES}/pricing/organisations/acme", root),
        api.get("/api/v1/admin/organisations/acme/modules", root),
        api.get(trail, root),
        api.get(f"{trail}/export", root, params={"format": "csv"}),
        api.get(f"{trail}/export", root, params={"format": "jsonl"}),
    ]

    assert [answer.status_code for answer in answers] == [200] * len(answers)
    assert all("cut here" in answer.text for answer in answers)


BREAKING_SCHEMAS = (
    ({"$id": "http://[", "$ref": "x"}, "configuration_schema"),
    ({"$ref": "#/title", "title": "no schema"}, "configuration_schema.title"),
    ({"properties": {"a": {"pattern": "(a)\\1"}}}, "configuration_schema.properties.a.pattern"),
    ({"properties": {"a": {"maximum": 0.1}}}, "default_configuration.a"),
)


@pytest.mark.parametrize(("schema", "at"), BREAKING_SCHEMAS, ids=str)
def test_a_schema_that_breaks_is_told(api: Api, root: Member, schema: dict[str, Any], at: str):
    a_module(api, root)
    change = {"configuration_schema": schema, "default_configuration": {"a": 10**400}}

    refused = api.ask("PATCH", f"{MODULES}/pricing", root, json=change)

    assert refused.status_code == 422
    assert [each["at"] for each in refused.json()["errors"]] == [f"body.{at}"]

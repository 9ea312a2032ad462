"""Organisations cannot meet."""

import psycopg
import pytest

from tests.integration.control.conftest import Api, Member, People

ADMIN = "/api/v1/admin"


@pytest.fixture
def two_tenants(api: Api, people: People) -> tuple[Member, Member]:
    """The administrators of two organisations that each have a module, an override and a history."""
    root = people.super_admin()
    admins = people.member("acme", "admin"), people.member("globex", "admin")
    api.ask("POST", f"{ADMIN}/feature-flags", root, json={"key": "beta", "name": "Beta"})
    for admin in admins:
        key = admin.organisation_key
        module = {"key": f"module-of-{key}", "name": "M", "version": "1", "type": "analytics"}
        api.ask("POST", f"{ADMIN}/modules", root, json=module)
        given = f"{ADMIN}/modules/module-of-{key}/organisations/{key}"
        assert api.ask("PUT", given, root, json={"is_enabled": True}).status_code == 200
        override = f"{ADMIN}/feature-flags/beta/overrides/organisations/{key}"
        answer = api.ask("PUT", override, root, json={"is_enabled": True, "reason": f"{key} asked"})
        assert answer.status_code == 200
    return admins


@pytest.mark.parametrize("path", ["organisations/globex", "modules/module-of-globex"])
def test_what_belongs_to_another_organisation_is_not_found(api: Api, two_tenants: tuple[Member, Member], path: str):
    acme, globex = two_tenants

    assert api.get(f"{ADMIN}/{path}", globex).status_code == 200
    assert api.get(f"{ADMIN}/{path}", acme).status_code == 404


def test_the_refusal_does_not_tell_whether_the_thing_exists(api: Api, two_tenants: tuple[Member, Member]):
    acme, _ = two_tenants

    hidden = api.get(f"{ADMIN}/organisations/globex", acme).json()
    absent = api.get(f"{ADMIN}/organisations/absent", acme).json()

    told = ("status", "title", "remedy")
    assert [hidden[name] for name in told] == [absent[name] for name in told]
    assert hidden["detail"].replace("globex", "absent") == absent["detail"]


@pytest.mark.parametrize(
    "path", ["organisations", "modules", "feature-flags/beta/overrides", "audit-events", "dashboard/stats"]
)
def test_no_answer_to_one_organisation_names_another(api: Api, two_tenants: tuple[Member, Member], path: str):
    acme, globex = two_tenants

    answer = api.get(f"{ADMIN}/{path}", acme)

    assert answer.status_code == 200
    assert "globex" not in answer.text
    assert str(globex.organisation_id) not in answer.text


def test_an_organisation_sees_the_core_modules(api: Api, people: People, two_tenants: tuple[Member, Member]):
    acme, _ = two_tenants
    people.sql("update analytics_modules set is_core = true where key = 'module-of-globex'")

    assert api.get(f"{ADMIN}/modules/module-of-globex", acme).status_code == 200


def test_the_dashboard_counts_only_what_the_organisation_has(api: Api, two_tenants: tuple[Member, Member]):
    acme, _ = two_tenants

    stats = api.get(f"{ADMIN}/dashboard/stats", acme).json()

    assert stats["organisations"] == {"total": 1, "active": 1}
    assert stats["users"] == {"total": 1, "active": 1}
    assert stats["modules"] == {"total": 1, "active": 0, "enabled_for_organisations": 1}
    assert stats["activity"] == {"last_24_hours": 2}


def test_the_dashboard_counts_everything_for_the_platform(api: Api, people: People, two_tenants: tuple[Member, Member]):
    assert two_tenants
    people.sql("update organisations set sector_code = '62.01' where key <> 'platform'")
    people.sql("update analytics_modules set status = 'active' where key = 'module-of-acme'")

    stats = api.get(f"{ADMIN}/dashboard/stats", people.super_admin()).json()

    assert stats == {
        "flags": {"total": 1, "enabled": 0, "disabled": 1},
        "modules": {"total": 2, "active": 1, "enabled_for_organisations": 2},
        "activity": {"last_24_hours": 7},
        "sectors": 1,
        "organisations": {"total": 3, "active": 3},
        "users": {"total": 4, "active": 4},
    }


def test_every_tenant_table_has_its_organisation_first_in_its_key(people: People):
    keys = people.sql(
        "select c.conrelid::regclass::text, a.attname from pg_constraint c"
        " join pg_attribute a on a.attrelid = c.conrelid and a.attnum = c.conkey[1]"
        " where c.contype = 'p' and c.connamespace = 'public'::regnamespace and exists"
        " (select from pg_attribute t where t.attrelid = c.conrelid and t.attname = 'organisation_id')"
    )

    assert dict(keys) == {
        "users": "organisation_id",
        "flag_overrides": "organisation_id",
        "audit_events": "organisation_id",
        "organisation_modules": "organisation_id",
        "invitations": "organisation_id",
        "releases": "organisation_id",
        "sessions": "organisation_id",
        "request_counts": "organisation_id",
        "endpoints": "organisation_id",
        "flag_uses": "organisation_id",
        "module_uses": "organisation_id",
        "creation_receipts": "organisation_id",
        "logins": "email",  # the one directory of all tenants: an e-mail address is unique across them
    }


def test_a_row_cannot_point_at_a_user_of_another_organisation(people: People):
    acme, stranger = people.organisation("acme"), people.member("globex", "viewer")
    people.sql(
        "insert into feature_flags (key, name, description, is_enabled, rollout, scope, status)"
        " values ('beta', 'Beta', '', true, 100, 'user', 'active')"
    )

    with pytest.raises(psycopg.errors.ForeignKeyViolation):
        people.sql(
            "insert into flag_overrides (organisation_id, flag_key, user_id, is_enabled, reason)"
            " values (%s, 'beta', %s, true, '')",
            acme,
            stranger.id,
        )


def test_an_email_address_belongs_to_one_user_of_one_organisation(people: People):
    member, other = people.member("acme", "viewer"), people.member("globex", "viewer")

    with pytest.raises(psycopg.errors.UniqueViolation):
        people.sql("update logins set email = %s where user_id = %s", member.email, other.id)

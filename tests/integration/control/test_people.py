"""Invitations, and users as those see them who administer the organisation."""

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from interlock.control.http.passwords import Argon2Passwords
from tests.integration.control.conftest import PASSWORD, Api, Member, People

ORGANISATIONS = "/api/v1/admin/organisations"
JO = {"email": "Jo@Acme.example", "name": "Jo", "role": "analyst"}


@pytest.fixture
def admin(people: People) -> Member:
    return people.member("acme", "admin")


def invite(api: Api, admin: Member, **more: Any) -> Any:
    return api.ask("POST", f"{ORGANISATIONS}/acme/invitations", admin, json=JO | more)


def accept(api: Api, token: str, password: str = PASSWORD) -> Any:
    return api.ask("POST", "/api/v1/invitations/accept", json={"token": token, "password": password})


def test_who_is_invited_chooses_a_password_and_signs_in(api: Api, admin: Member):
    invited = invite(api, admin).json()

    accepted = accept(api, invited["token"])

    assert (accepted.status_code, accepted.json()["role"]) == (201, "analyst")
    assert api.sign_in("jo@acme.example").status_code == 200
    (listed,) = api.get(f"{ORGANISATIONS}/acme/invitations", admin).json()["items"]
    assert (listed["status"], "token" in listed) == ("accepted", False)


def test_a_token_is_good_once(api: Api, admin: Member):
    token = invite(api, admin).json()["token"]

    assert [accept(api, token).status_code for _ in range(2)] == [201, 404]


def test_the_database_holds_no_token(api: Api, admin: Member, people: People):
    secret = invite(api, admin).json()["token"].partition(".")[2]

    kept = str(people.sql("select i::text from invitations i union all select a::text from audit_events a"))

    assert secret not in kept


@pytest.mark.parametrize("change", ["resend", "revoke", "expiry", "archive", "tampering"])
def test_a_token_that_does_not_count_any_more_is_refused(api: Api, admin: Member, people: People, change: str):
    invited = invite(api, admin).json()
    token, path = invited["token"], f"{ORGANISATIONS}/acme/invitations/{invited['id']}"
    match change:
        case "resend":
            again = api.ask("POST", f"{path}/resend", admin).json()["token"]
        case "revoke":
            assert api.ask("DELETE", path, admin).status_code == 204
        case "expiry":
            people.sql("update invitations set expires_at = now()")
            again = api.ask("POST", f"{path}/resend", admin).json()["token"]
            people.sql("update invitations set expires_at = now()")
            token = again
        case "archive":
            assert api.ask("POST", f"{ORGANISATIONS}/acme/archive", people.super_admin()).status_code == 200
        case "tampering":
            token = token[:-1] + ("a" if token[-1] != "a" else "b")

    refused = accept(api, token)

    assert refused.status_code == 404
    assert refused.json()["detail"] == "this invitation does not count, or not any more"
    if change == "resend":
        assert accept(api, again).status_code == 201


@pytest.mark.parametrize("token", ["", "x", "é", ".", "AAAA.b", f"{'A' * 43}.x"])
def test_rubbish_is_no_token_and_no_password_is_hashed_for_it(api: Api, monkeypatch: pytest.MonkeyPatch, token: str):
    monkeypatch.setattr(Argon2Passwords, "hash", None)

    assert accept(api, token).status_code in {404, 422}


def test_nobody_is_invited_twice_or_who_is_there_already(api: Api, admin: Member):
    first, second = invite(api, admin), invite(api, admin)
    there = invite(api, admin, email=admin.email.upper())

    assert [answer.status_code for answer in (first, second, there)] == [201, 409, 409]


def test_who_signs_in_elsewhere_already_cannot_accept(api: Api, admin: Member, people: People):
    elsewhere = people.member("globex", "viewer")

    token = invite(api, admin, email=elsewhere.email).json()["token"]

    assert accept(api, token).status_code == 409
    assert people.sql("select count(*) from users where organisation_id = %s", admin.organisation_id) == [(1,)]


def test_a_weak_password_is_refused(api: Api, admin: Member):
    assert accept(api, invite(api, admin).json()["token"], "short").status_code == 422


def test_only_the_platform_has_super_admins(api: Api, admin: Member, people: People):
    root, viewer = people.super_admin(), people.member("acme", "viewer")

    assert invite(api, root, role="super_admin").status_code == 422
    assert change(api, root, viewer, role="super_admin").status_code == 422
    assert api.ask("POST", f"{ORGANISATIONS}/platform/invitations", admin, json=JO).status_code == 404


def change(api: Api, admin: Member, member: Member, headers: dict[str, str] | None = None, **fields: Any) -> Any:
    path = f"{ORGANISATIONS}/{member.organisation_key}/users/{member.id}"
    return api.ask("PATCH", path, admin, json=fields, headers=headers or {})


def test_an_administrator_lists_and_finds_the_users_of_the_own_organisation(api: Api, admin: Member, people: People):
    people.member("globex", "viewer")
    viewer = people.member("acme", "viewer")

    everybody = api.get(f"{ORGANISATIONS}/acme/users", admin).json()["items"]
    found = api.get(f"{ORGANISATIONS}/acme/users", admin, params={"search": "VIEWER-"}).json()["items"]

    assert {each["id"] for each in everybody} == {str(admin.id), str(viewer.id)}
    assert [each["email"] for each in found] == [viewer.email]


def test_users_come_in_pages(api: Api, admin: Member, people: People):
    emails = sorted([admin.email, *(people.member("acme", "viewer").email for _ in range(4))])

    seen, cursor = [], None
    while True:
        query = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        page = api.get(f"{ORGANISATIONS}/acme/users", admin, params=query).json()
        seen += [each["email"] for each in page["items"]]
        if (cursor := page["next_cursor"]) is None:
            break

    assert seen == emails


def test_who_is_deactivated_is_out_at_once_and_it_is_told(api: Api, admin: Member, people: People):
    viewer = people.member("acme", "viewer")
    assert api.get("/api/v1/me", viewer).status_code == 200

    assert change(api, admin, viewer, is_active=False).json()["is_active"] is False

    assert api.get("/api/v1/me", viewer).status_code == 401
    told = api.get("/api/v1/admin/audit-events", admin).json()["items"][0]
    assert (told["entry"]["resource_id"], told["entry"]["after"]["is_active"]) == (str(viewer.id), False)


def test_nobody_takes_their_own_rights_away(api: Api, admin: Member):
    assert [change(api, admin, admin, **each).status_code for each in ({"is_active": False}, {"role": "viewer"})] == [
        422,
        422,
    ]
    assert change(api, admin, admin, name="Another name").status_code == 200


def test_of_two_who_change_what_they_read_the_second_is_told(api: Api, admin: Member, people: People):
    viewer = people.member("acme", "viewer")
    tag = api.get(f"{ORGANISATIONS}/acme/users/{viewer.id}", admin).headers["ETag"]

    first = change(api, admin, viewer, {"If-Match": tag}, name="First")
    second = change(api, admin, viewer, {"If-Match": tag}, name="Second")
    informed = change(api, admin, viewer, {"If-Match": f'"other", {first.headers["ETag"]}'}, name="Third")

    assert [answer.status_code for answer in (first, second, informed)] == [200, 412, 200]
    assert informed.json()["name"] == "Third"


ABOVE: list[tuple[str, dict[str, Any]]] = [
    ("super_admin", {"role": "viewer"}),
    ("super_admin", {"is_active": False}),
    ("super_admin", {"name": "Taken"}),
    ("recorder", {"is_active": False}),
    ("viewer", {"role": "super_admin"}),
    ("viewer", {"role": "recorder"}),
]


@pytest.mark.parametrize(("role", "fields"), ABOVE, ids=str)
def test_nobody_gives_or_takes_what_is_above_the_own_role(api: Api, people: People, role: str, fields: dict[str, Any]):
    root, lower = people.super_admin(), people.member("platform", "admin")
    other = people.member("platform", role)

    refused = change(api, lower, other, **fields)

    assert (refused.status_code, "permits more than yours" in refused.json()["detail"]) == (403, True)
    assert people.sql("select role::text, is_active, name from users where id = %s", other.id) == [
        (role, True, "Somebody")
    ]
    assert change(api, root, other, **fields).status_code == 200


def test_nobody_invites_or_deals_with_an_invitation_above_the_own_role(api: Api, people: People):
    root, lower = people.super_admin(), people.member("platform", "admin")
    path = f"{ORGANISATIONS}/platform/invitations"
    invited = api.ask("POST", path, root, json=JO | {"role": "super_admin"}).json()

    refused = [
        api.ask("POST", path, lower, json=JO | {"email": "other@acme.example", "role": "super_admin"}),
        api.ask("POST", f"{path}/{invited['id']}/resend", lower),
        api.ask("DELETE", f"{path}/{invited['id']}", lower),
    ]

    assert [answer.status_code for answer in refused] == [403, 403, 403]
    assert people.sql("select count(*) from invitations") == [(1,)]
    assert accept(api, invited["token"]).json()["role"] == "super_admin"
    assert api.ask("POST", path, lower, json=JO | {"email": "third@acme.example", "role": "admin"}).status_code == 201


@pytest.mark.parametrize(("key", "role"), [("platform", "super_admin"), ("acme", "admin")])
@pytest.mark.parametrize("fields", [{"role": "viewer"}, {"is_active": False}], ids=str)
def test_of_two_who_put_each_other_out_at_once_one_is_left(
    api: Api, people: People, key: str, role: str, fields: dict[str, Any]
):
    for _ in range(5):
        one, other = people.member(key, role), people.member(key, role)
        people.sql("update users set is_active = false where id not in (%s, %s)", one.id, other.id)
        with ThreadPoolExecutor(2) as threads:
            answers = list(threads.map(lambda pair: change(api, *pair, **fields), [(one, other), (other, one)]))

        done, refused = sorted(answer.status_code for answer in answers)
        assert (done, refused in {401, 403}) == (200, True)
        left = "select count(*) from users where is_active and role = %s and id in (%s, %s)"
        assert people.sql(left, role, one.id, other.id) == [(1,)]


def test_who_was_demoted_while_the_request_waited_invites_nobody(api: Api, people: People):
    lower = people.member("platform", "super_admin")
    people.super_admin()
    with psycopg.connect(people.database) as connection, ThreadPoolExecutor(1) as threads:
        connection.execute("select from organisations where key = 'platform' for update")
        path = f"{ORGANISATIONS}/platform/invitations"
        waiting = threads.submit(api.ask, "POST", path, lower, json=JO | {"role": "super_admin"})
        wait_for_a_lock(people)
        connection.execute("update users set role = 'admin' where id = %s", (lower.id,))
        connection.commit()

        assert waiting.result().status_code == 403
    assert people.sql("select count(*) from invitations") == [(0,)]


def test_those_who_invite_at_once_under_idempotency_keys_wait_for_each_other(api: Api, admin: Member, people: People):
    def invite_one(number: int) -> int:
        headers, body = {"Idempotency-Key": str(number)}, JO | {"email": f"jo-{number}@acme.example"}
        return api.ask("POST", f"{ORGANISATIONS}/acme/invitations", admin, json=body, headers=headers).status_code

    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(invite_one, range(24)))

    assert answers == [201] * 24
    assert people.sql("select count(*) from invitations") == [(24,)]


def wait_for_a_lock(people: People) -> None:
    """Wait until somebody waits for a lock in this database."""
    waits = "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()"
    deadline = time.monotonic() + 10
    while people.sql(waits) == [(0,)]:
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.parametrize("fields", [{"role": "viewer"}, {"is_active": False}], ids=str)
def test_the_last_administrator_of_an_organisation_is_not_taken_away(
    api: Api, admin: Member, people: People, fields: dict[str, Any]
):
    root = people.super_admin()
    change(api, root, people.member("acme", "admin"), is_active=False)

    refused = change(api, root, admin, **fields)

    assert (refused.status_code, refused.json()["detail"]) == (422, "nobody else who is active administers acme")
    people.member("acme", "admin")
    assert change(api, root, admin, **fields).status_code == 200


def test_an_unknown_user_is_not_found(api: Api, admin: Member):
    assert api.get(f"{ORGANISATIONS}/acme/users/{uuid4()}", admin).status_code == 404

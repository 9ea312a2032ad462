"""Signing in: one answer for everybody who is not let in, and a limit that locks no owner out."""

from statistics import median
from time import perf_counter

import pytest

from interlock.control.domain.sign_in import ATTEMPTS_PER_ADDRESS, ATTEMPTS_PER_EMAIL, WINDOW_SECONDS, Subjects
from tests.integration.control.conftest import Api, People


def from_elsewhere(people: People, email: str) -> None:
    """Forget where the owner signed in from, and let strangers use up the attempts of the address."""
    people.sql("update logins set last_address = null where email = %s", email)
    people.sql(
        "insert into sign_in_attempts values (%s, now(), %s)"
        " on conflict (subject) do update set attempts = excluded.attempts, window_began_at = now()",
        Subjects.of(email, "").email,
        ATTEMPTS_PER_EMAIL,
    )


def test_a_signed_in_user_can_use_the_token(api: Api, people: People):
    member = people.member("acme", "admin")

    body = api.sign_in(member.email).json()

    assert (body["token_type"], body["expires_in"]) == ("Bearer", 900)
    me = api.get("/api/v1/me", headers={"Authorization": f"Bearer {body['access_token']}"})
    assert me.json()["id"] == str(member.id)


def test_an_email_address_is_the_same_however_it_is_spelt(api: Api, people: People):
    member = people.member("acme", "admin")

    assert api.sign_in(f" {member.email.upper()} ").status_code == 200


def test_an_unknown_user_a_wrong_password_and_deactivation_get_the_same_answer(api: Api, people: People):
    member, fired = people.member("acme", "admin"), people.member("globex", "admin")
    people.sql("update users set is_active = false where id = %s", fired.id)

    answers = [
        api.sign_in("nobody@acme.example"),
        api.sign_in(member.email, "wrong"),
        api.sign_in(fired.email),
    ]

    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.json()["detail"] for answer in answers}) == 1
    assert {answer.headers["WWW-Authenticate"] for answer in answers} == {"Bearer"}


def test_an_unknown_user_takes_as_long_as_a_wrong_password(api: Api, people: People):
    member = people.member("acme", "admin")

    def seconds(email: str) -> float:
        began = perf_counter()
        assert api.sign_in(email, "wrong").status_code == 401
        return perf_counter() - began

    rounds = [(seconds(member.email), seconds("nobody@acme.example")) for _ in range(5)]

    known, unknown = (median(times) for times in zip(*rounds, strict=True))
    assert unknown > known / 2


def test_too_many_attempts_for_one_email_address_must_wait(api: Api, people: People):
    member = people.member("acme", "admin")
    from_elsewhere(people, member.email)

    answer = api.sign_in(member.email)

    assert answer.status_code == 429
    assert 0 < int(answer.headers["Retry-After"]) <= WINDOW_SECONDS


def test_too_many_attempts_from_one_network_address_must_wait(api: Api, people: People):
    member = people.member("acme", "admin")
    people.sql("insert into sign_in_attempts values ('address:127.0.0.1', now(), %s)", ATTEMPTS_PER_ADDRESS)

    assert api.sign_in(member.email).status_code == 429


def test_an_unknown_email_address_has_the_same_limit(api: Api, people: People):
    from_elsewhere(people, "nobody@acme.example")

    assert api.sign_in("nobody@acme.example").status_code == 429


def test_strangers_do_not_lock_the_owner_out_of_a_known_address(api: Api, people: People):
    member = people.member("acme", "admin")
    from_elsewhere(people, member.email)
    people.sql("update logins set last_address = '127.0.0.1' where email = %s", member.email)

    assert api.sign_in(member.email).status_code == 200


def test_the_limit_ends_with_its_window(api: Api, people: People):
    member = people.member("acme", "admin")
    from_elsewhere(people, member.email)
    people.sql("update sign_in_attempts set window_began_at = now() - interval '16 minutes'")

    assert api.sign_in(member.email).status_code == 200


def test_a_good_sign_in_uses_no_attempt_up(api: Api, people: People):
    member = people.member("acme", "admin")

    for _ in range(3):
        assert api.sign_in(member.email).status_code == 200

    assert people.sql("select sum(attempts) from sign_in_attempts") == [(0,)]


def test_wrong_passwords_are_counted_for_both(api: Api, people: People):
    for _ in range(3):
        api.sign_in("nobody@acme.example")

    assert people.sql("select array_agg(attempts) from sign_in_attempts") == [([3, 3],)]


def test_what_was_typed_as_an_email_address_is_not_kept(api: Api, people: People):
    api.sign_in("my-secret-password")

    assert people.sql("select * from sign_in_attempts where subject like %s", "%secret%") == []


@pytest.mark.parametrize("body", [{}, {"email": "a@b.example"}, {"email": "a\0b", "password": "x"}, [], "x"])
def test_a_sign_in_that_is_none_is_invalid(api: Api, body: object):
    answer = api.ask("POST", "/api/v1/sign-in", json=body)

    assert answer.status_code == 422


def test_an_invalid_sign_in_is_not_repeated_to_the_client(api: Api):
    answer = api.ask("POST", "/api/v1/sign-in", json={"email": "x" * 300, "password": ["hunter2"]})

    assert "hunter2" not in answer.text
    assert "xxx" not in answer.text

"""Databases that are not what they claim: nothing may call them ready, and nobody learns why."""

import pytest
from alembic import command

from interlock.control.persistence.revisions import expected_revision
from tests.integration.control.conftest import PASSWORD, Api, People, chain, serve

BROKEN = ("modules", "feature-flags", "dashboard/stats")
HEAD = expected_revision()


def test_an_unreachable_database_leaves_the_process_alive_and_not_ready():
    with serve("postgresql://nobody:nothing@127.0.0.1:1/nowhere") as api:
        assert api.get("/livez").status_code == 200
        assert api.get("/version").json() == {"build": "a-build", "revision": None, "expected_revision": HEAD}
        assert api.get("/api/v1/me").status_code == 401
        answer = api.get("/readyz")

    assert answer.status_code == 503
    assert not any(word in answer.text for word in ("nowhere", "127.0.0.1", "revision"))


def test_an_empty_database_is_not_ready(database: str):
    with serve(database) as api:
        assert (api.get("/livez").status_code, api.get("/readyz").status_code) == (200, 503)


def test_a_database_at_head_is_ready(api: Api):
    assert api.get("/readyz").status_code == 200
    assert api.get("/version").json()["revision"] == HEAD


def test_the_incident_is_seen_and_can_be_repaired_while_the_server_runs(database: str, password_hash: str):
    command.upgrade(chain(database), "0005_organisation_modules")
    command.stamp(chain(database), HEAD)
    people = People(database, password_hash)
    root = people.super_admin()
    with serve(database) as api:
        assert api.sign_in(root.email).status_code == 200
        assert api.get("/api/v1/me", root).status_code == 200
        assert {api.get(f"/api/v1/admin/{path}", root).status_code for path in BROKEN} == {500}
        assert {api.get(f"/api/v1/admin/{path}").status_code for path in BROKEN} == {401}
        assert api.get("/readyz").status_code == 503
        assert api.get("/version").json()["revision"] == HEAD

        command.stamp(chain(database), "0005_organisation_modules")
        command.upgrade(chain(database), "head")

        assert {api.get(f"/api/v1/admin/{path}", root).status_code for path in BROKEN} == {200}
        assert api.get("/readyz").status_code == 200


@pytest.mark.parametrize(
    "damage",
    ["drop table analytics_modules cascade", "alter table feature_flags drop column rollout", "drop table logins"],
)
def test_a_database_at_head_that_lacks_something_is_not_ready(database: str, damage: str):
    command.upgrade(chain(database), "head")
    People(database, PASSWORD).sql(damage)

    with serve(database) as api:
        assert api.get("/readyz").status_code == 503

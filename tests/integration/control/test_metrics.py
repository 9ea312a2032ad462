"""/metrics: told to whoever has the token, and holding what was really answered."""

import re
from collections.abc import Iterator

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from tests.integration.control.conftest import Api, People, serve

TOKEN = "a token for metrics alone"


@pytest.fixture
def metered(people: People) -> Iterator[Api]:
    with serve(people.database, INTERLOCK_METRICS_TOKEN=TOKEN) as api:
        yield api


def read(api: Api) -> dict[tuple[str, str, str], float]:
    answer = api.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("application/openmetrics-text")
    (requests,) = (each for each in text_string_to_metric_families(answer.text) if each.name == "interlock_requests")
    return {
        (each.labels["method"], each.labels["route"], each.labels["status"]): each.value
        for each in requests.samples
        if each.name == "interlock_requests_total"
    }


def test_answers_are_counted_by_route_and_not_by_address(metered: Api, people: People):
    root = people.super_admin()
    before = read(metered)
    for key in ("one", "two", "three"):
        metered.get(f"/api/v1/admin/organisations/{key}", root)
        metered.get(f"/made-up/{key}")
    metered.ask("HEAD", "/livez")
    after = read(metered)

    grown = {labels: value - before.get(labels, 0) for labels, value in after.items() if value != before.get(labels)}
    grown.pop(("GET", "/metrics", "200"), None)
    assert grown == {
        ("GET", "/api/v1/admin/organisations/{key}", "404"): 3,
        ("HEAD", "/livez", "200"): 1,
        ("unknown", "unknown", "404"): 3,
    }


@pytest.mark.parametrize("given", ["", "Bearer wrong", f"Basic {TOKEN}", "Bearer ä"])
def test_whoever_has_not_the_token_reads_nothing(metered: Api, given: str):
    answer = metered.get("/metrics", headers={"Authorization": given.encode()})

    assert answer.status_code == 401
    assert not re.search("interlock_requests", answer.text)


def test_a_token_of_an_administrator_is_none_for_metrics(metered: Api, people: People):
    assert metered.get("/metrics", people.super_admin()).status_code == 401


def test_without_a_token_in_the_settings_there_is_no_such_page(api: Api):
    assert api.get("/metrics", headers={"Authorization": "Bearer None"}).status_code == 404

"""A real Chromium that looks at a console which is really served."""

import json
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from interlock.release.record import ReleaseRecord
from interlock.report.html import as_html
from interlock.report.json import as_json
from interlock.report.legible import legible
from tests.chromium import run_chromium
from tests.integration.control.conftest import PASSWORD, Api, Member, People


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with run_chromium() as running:
        yield running


@pytest.fixture
def opened(browser: Browser, api: Api) -> Iterator[Page]:
    """A page, which complains of nothing until it is closed."""
    context = browser.new_context(base_url=str(api.client.base_url), viewport={"width": 1440, "height": 900})
    page = context.new_page()
    page.set_default_timeout(10_000)
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda said: complaints.append(said.text) if "Content Security Policy" in said.text else None)
    yield page
    context.close()
    assert complaints == []


def sign_in(page: Page, member: Member, path: str = "/") -> None:
    page.goto(path)
    page.get_by_label("E-mail address").fill(member.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("navigation", name="Main")).to_be_visible()


def put_on_record(api: Api, people: People, record: ReleaseRecord) -> None:
    body = {"project": "acme-web", "record": legible(json.loads(as_json(record))), "page": as_html(record)}
    answer = api.ask("POST", "/api/v1/admin/releases", people.member("platform", "recorder"), json=body)
    assert answer.status_code == 201, answer.text

"""The console as people use it, in a real Chromium: the journeys of an administrator, and every page for everybody."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from interlock.release.record import ReleaseRecord
from interlock.report.html import as_html
from interlock.report.json import as_json
from interlock.report.legible import legible
from tests.chromium import CHROMIUM, SCREENS, WHY_NOT, run_chromium
from tests.integration.control.conftest import PASSWORD, Api, Member, People, api, password_hash, people, served
from tests.unit.report import builders

__all__ = ["api", "password_hash", "people", "served"]

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason=WHY_NOT)

SHOTS = Path(__file__).parents[2] / "build" / "console"
"""Pictures of each page, to be looked at; not kept."""


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


def test_an_administrator_makes_an_organisation_and_gives_it_a_module(opened: Page, people: People):
    people.sql(
        "insert into analytics_modules (key, name, description, version, type, status, is_core)"
        " values ('prices', 'Prices', '', '1.0', 'analytics', 'active', false)"
    )
    sign_in(opened, people.super_admin())
    opened.get_by_role("link", name="Organisations", exact=True).click()
    opened.get_by_role("link", name="New organisation").click()
    opened.get_by_label("Name").fill("Acme Analytics")
    opened.get_by_label("Key").fill("acme")
    opened.get_by_role("button", name="Create").click()

    expect(opened.get_by_role("heading", name="Acme Analytics", exact=True)).to_be_visible()
    opened.get_by_role("button", name="Switch Prices on").click()
    expect(opened.get_by_role("button", name="Switch Prices off")).to_be_visible()
    assert people.sql("select is_enabled from organisation_modules") == [(True,)]


def test_an_administrator_rolls_a_flag_out_and_makes_an_exception(opened: Page, people: People):
    people.organisation("acme")
    sign_in(opened, people.super_admin(), "/feature-flags/new")
    opened.get_by_label("Name").fill("New dashboard")
    opened.get_by_label("Key").fill("new-dashboard")
    opened.get_by_role("button", name="Create").click()
    opened.get_by_role("slider").fill("25")
    expect(opened.locator("#rollout-value")).to_have_text("25 %")
    opened.get_by_role("button", name="Save").click()
    opened.get_by_role("link", name="Switch on").click()
    opened.get_by_role("button", name="Switch it on").click()
    opened.locator("#o-organisation").fill("acme")
    opened.get_by_label("Why").fill("pilot customer")
    opened.get_by_role("button", name="Make the exception").click()
    opened.locator("#t-organisation").fill("acme")
    opened.get_by_role("button", name="Try").click()

    expect(opened.get_by_role("status")).to_contain_text("organisation override")
    assert people.sql("select is_enabled, rollout from feature_flags") == [(True, 25)]


def test_a_list_is_searched_while_one_types(opened: Page, people: People):
    people.organisation("acme")
    people.organisation("zebra")
    sign_in(opened, people.super_admin(), "/organisations")
    opened.get_by_label("Find by name or key").press_sequentially("zeb")

    expect(opened.get_by_role("link", name="Acme")).to_have_count(0)
    expect(opened.get_by_role("link", name="Zebra")).to_be_visible()


@pytest.mark.parametrize("keys", ["/", "Control+k"])
def test_the_search_is_a_key_away(opened: Page, people: People, keys: str):
    people.organisation("acme")
    sign_in(opened, people.super_admin())
    opened.keyboard.press(keys)
    opened.keyboard.type("acm")
    opened.keyboard.press("Enter")
    opened.get_by_role("link", name=re.compile("Acme")).click()

    expect(opened.get_by_role("heading", name="Acme", exact=True)).to_be_visible()


def test_a_session_that_ends_in_a_form_loses_nothing(opened: Page, people: People):
    member = people.super_admin()
    sign_in(opened, member, "/organisations/new")
    opened.get_by_label("Name").fill("Acme")
    opened.get_by_label("Key").fill("acme")
    opened.context.clear_cookies()
    opened.get_by_role("button", name="Create").click()
    expect(opened.get_by_text("What you entered is kept")).to_be_visible()
    opened.get_by_label("E-mail address").fill(member.email)
    opened.get_by_label("Password").fill(PASSWORD)
    opened.get_by_role("button", name="Sign in").click()
    opened.get_by_role("button", name="Save it now").click()

    expect(opened.get_by_role("heading", name="Acme", exact=True)).to_be_visible()


def test_what_two_tabs_change_is_shown_side_by_side(opened: Page, people: People):
    people.organisation("acme")
    sign_in(opened, people.super_admin(), "/organisations/acme")
    other = opened.context.new_page()
    other.goto("/organisations/acme")
    other.get_by_label("Name").fill("From the other tab")
    other.get_by_role("button", name="Save").click()
    opened.get_by_label("Name").fill("From this tab")
    opened.get_by_role("button", name="Save").click()

    row = opened.get_by_role("row", name=re.compile("^name"))
    expect(row).to_contain_text("From the other tab")
    expect(row).to_contain_text("From this tab")
    opened.get_by_role("button", name="Save mine over it").click()
    expect(opened.get_by_role("heading", name="From this tab", exact=True)).to_be_visible()


def test_an_organisations_administrator_reads_its_own_and_is_refused_the_rest(opened: Page, people: People):
    people.organisation("other")
    sign_in(opened, people.member("acme", "admin"))
    opened.get_by_role("link", name="Organisations", exact=True).click()

    expect(opened.get_by_role("link", name="Acme", exact=True)).to_be_visible()
    expect(opened.get_by_role("link", name="Other")).to_have_count(0)
    expect(opened.get_by_role("link", name="New organisation")).to_have_count(0)
    opened.goto("/organisations/new")
    expect(opened.get_by_role("heading", name="Not permitted")).to_be_visible()


def put_on_record(api: Api, people: People, record: ReleaseRecord) -> None:
    body = {"project": "acme-web", "record": legible(json.loads(as_json(record))), "page": as_html(record)}
    answer = api.ask("POST", "/api/v1/admin/releases", people.member("platform", "recorder"), json=body)
    assert answer.status_code == 201, answer.text


def test_an_administrator_finds_out_why_the_last_release_was_stopped(opened: Page, api: Api, people: People):
    put_on_record(api, people, builders.stop_half_way())
    sign_in(opened, people.super_admin())
    opened.get_by_role("region", name="Needs attention").get_by_role(
        "link", name=re.compile("The last release")
    ).click()

    expect(opened.get_by_role("heading", name="acme-web", exact=True)).to_be_visible()
    for part in ("Findings", "Timeline", "Revisions", "Endpoints"):
        expect(opened.get_by_role("heading", name=part, exact=True)).to_be_visible()
    with opened.expect_download() as downloading:
        opened.get_by_role("link", name="Report").click()
    assert "<html" in Path(downloading.value.path()).read_text()


def test_a_report_that_others_wrote_gets_no_rights_in_the_console(opened: Page, api: Api, people: People):
    put_on_record(api, people, builders.with_hostile_names())
    sign_in(opened, people.super_admin(), f"/releases/{builders.with_hostile_names().id}")

    expect(opened.get_by_role("heading", name="acme-web", exact=True)).to_be_visible()
    assert opened.evaluate("document.querySelectorAll('main script, main img').length") == 0


TOO_WIDE = """
document.documentElement.scrollWidth <= innerWidth ? [] : [document.documentElement.scrollWidth,
    ...[...document.querySelectorAll("body *")].filter(each => each.getBoundingClientRect().right > innerWidth)
    .map(each => each.outerHTML.slice(0, 150))]
"""
LOOKED_AT_BY_AXE = {("wide", "light"), ("narrow", "dark")}
WITH_DRIFT = replace(builders.stop_at_verify_before(), id="with-drift")
OVER_BUDGET = replace(builders.stop_over_the_budget(), id="over-budget")
PAGES = {
    "overview": "/",
    "organisations": "/organisations",
    "organisation": "/organisations/acme",
    "new organisation": "/organisations/new",
    "modules": "/modules",
    "module": "/modules/prices",
    "flags": "/feature-flags",
    "flag": "/feature-flags/new-one",
    "switch": "/feature-flags/new-one/switch",
    "releases": "/releases",
    "release": f"/releases/{builders.stop_half_way().id}",
    "release with drift": f"/releases/{WITH_DRIFT.id}",
    "release with a budget": f"/releases/{OVER_BUDGET.id}",
    "health": "/health",
    "users": "/users",
    "audit": "/audit",
    "account": "/account",
    "search": "/search?search=a",
    "not found": "/organisations/nobody",
}


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("screen", SCREENS)
def test_every_page_is_for_everybody(browser: Browser, api: Api, people: People, screen: str, theme: str):
    people.organisation("acme")
    people.member("acme", "admin")
    people.sql(
        "insert into analytics_modules (key, name, description, version, type, status, is_core)"
        " values ('prices', 'Prices', 'Of all', '1.0', 'analytics', 'deprecated', true)"
    )
    people.sql(
        "insert into feature_flags (key, name, description, is_enabled, rollout, scope, status)"
        " values ('new-one', 'New one', '', true, 30, 'user', 'active')"
    )
    put_on_record(api, people, builders.stop_half_way())
    put_on_record(api, people, OVER_BUDGET)
    put_on_record(api, people, WITH_DRIFT)
    width, height = SCREENS[screen]
    context = browser.new_context(
        base_url=str(api.client.base_url), viewport={"width": width, "height": height}, color_scheme=theme
    )
    page, axe = context.new_page(), Axe()
    page.goto("/sign-in")
    found = {"sign in": serious(axe, page)}
    sign_in(page, people.super_admin())
    SHOTS.mkdir(parents=True, exist_ok=True)
    for name, path in PAGES.items():
        page.goto(path)
        assert page.evaluate(TOO_WIDE) == [], f"{name} is wider than the screen"
        page.screenshot(path=SHOTS / f"{name.replace(' ', '-')}-{screen}-{theme}.png", full_page=True)
        if (screen, theme) in LOOKED_AT_BY_AXE:
            found[name] = serious(axe, page)
    context.close()

    assert {name: faults for name, faults in found.items() if faults} == {}


def serious(axe: Axe, page: Page) -> list[str]:
    faults = axe.run(page).response["violations"]
    return [
        f"{each['id']}: {each['nodes'][0]['html'][:120]}"
        for each in faults
        if each["impact"] in ("serious", "critical")
    ]

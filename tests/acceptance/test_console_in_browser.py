"""Every page of the console for everybody: in a real Chromium, at two widths, light and dark, by axe."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from tests.acceptance.browsing import browser, put_on_record, sign_in
from tests.chromium import CHROMIUM, SCREENS, WHY_NOT
from tests.integration.control.conftest import Api, People, api, password_hash, people, served
from tests.unit.report import builders

__all__ = ["api", "browser", "password_hash", "people", "served"]

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason=WHY_NOT)

SHOTS = Path(__file__).parents[2] / "build" / "console"
"""Pictures of each page, to be looked at; not kept."""

TOO_WIDE = """
document.documentElement.scrollWidth <= innerWidth ? [] : [document.documentElement.scrollWidth,
    ...[...document.querySelectorAll("body *")].filter(each => each.getBoundingClientRect().right > innerWidth)
    .map(each => each.outerHTML.slice(0, 150))]
"""
LOOKED_AT_BY_AXE = {("wide", "light"), ("narrow", "dark")}
WITH_DRIFT = replace(builders.stop_at_verify_before(), id="with-drift")
OVER_BUDGET = replace(builders.stop_over_the_budget(), id="over-budget")
SCHEMA = {
    "properties": {
        "region": {"enum": ["eu", "us"], "title": "Region", "description": "Where the prices are looked up."},
        "currency": {"type": "string"},
        "limit": {"type": "integer"},
        "alerts": {"type": "boolean"},
    }
}
PAGES = {
    "overview": "/",
    "organisations": "/organisations",
    "organisation": "/organisations/acme",
    "archived organisation": "/organisations/gone",
    "new organisation": "/organisations/new",
    "modules": "/modules",
    "module": "/modules/prices",
    "configuration": "/organisations/acme/modules/prices",
    "flags": "/feature-flags",
    "flag": "/feature-flags/new-one",
    "switch": "/feature-flags/new-one/switch",
    "archive": "/organisations/acme/archive",
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
    people.organisation("gone")
    people.sql("update organisations set archived_at = now(), is_active = false where key = 'gone'")
    people.sql(
        "insert into analytics_modules (key, name, description, version, type, status, is_core)"
        " values ('prices', 'Prices', 'Of all', '1.0', 'analytics', 'deprecated', true)"
    )
    people.sql("update analytics_modules set configuration_schema = %s", json.dumps(SCHEMA))
    people.sql(
        "insert into analytics_modules (key, name, description, version, type, status, is_core, dependencies)"
        " values ('alerts', 'Alerts', 'By e-mail', '1.0', 'analytics', 'active', false, '{prices}'),"
        " ('reports', 'Reports with a long name', '', '1.0', 'reporting', 'active', false, '{prices}')"
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
    page.get_by_label("E-mail address").fill("nobody@acme.example")
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Sign in").click()
    found["refused"] = serious(axe, page)
    sign_in(page, people.super_admin())
    SHOTS.mkdir(parents=True, exist_ok=True)
    for name, path in PAGES.items():
        page.goto(path)
        assert page.evaluate(TOO_WIDE) == [], f"{name} is wider than the screen"
        page.screenshot(path=SHOTS / f"{name.replace(' ', '-')}-{screen}-{theme}.png", full_page=True)
        if (screen, theme) in LOOKED_AT_BY_AXE:
            page.keyboard.press("Tab")  # the link that only the keyboard shows is looked at too
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

"""The console as people use it, in a real Chromium: ten journeys of an administrator, three of an organisation's."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.acceptance.browsing import browser, opened, put_on_record, sign_in
from tests.chromium import CHROMIUM, WHY_NOT
from tests.integration.control.conftest import PASSWORD, Api, People, api, password_hash, people, served
from tests.unit.report import builders

__all__ = ["api", "browser", "opened", "password_hash", "people", "served"]

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason=WHY_NOT)


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


def test_an_administrator_sets_a_module_up_by_a_form(opened: Page, people: People):
    people.organisation("acme")
    people.sql(
        "insert into analytics_modules (key, name, description, version, type, status, is_core, configuration_schema)"
        " values ('prices', 'Prices', '', '1.0', 'analytics', 'active', true, %s)",
        '{"properties": {"limit": {"type": "integer", "minimum": 1}, "live": {"type": "boolean"}}}',
    )
    sign_in(opened, people.super_admin(), "/organisations/acme")
    opened.get_by_role("link", name="Prices").click()
    opened.get_by_label("limit").fill("0")
    opened.get_by_label("live").select_option("true")
    opened.get_by_role("button", name="Save").click()
    expect(opened.get_by_role("alert")).to_contain_text("configuration.limit")
    opened.get_by_label("limit").fill("10")
    opened.get_by_role("button", name="Save").click()

    expect(opened.get_by_role("alert")).to_have_count(0)
    assert people.sql("select configuration from organisation_modules") == [({"limit": 10, "live": True},)]


def test_a_list_is_searched_while_one_types(opened: Page, people: People):
    people.organisation("acme")
    people.organisation("zebra")
    sign_in(opened, people.super_admin(), "/organisations")
    opened.get_by_label("Find by name or key").press_sequentially("zeb")

    expect(opened.get_by_role("link", name="Acme")).to_have_count(0)
    expect(opened.get_by_role("link", name="Zebra")).to_be_visible()


def test_a_session_that_ends_while_one_searches_asks_to_sign_in_and_comes_back(opened: Page, people: People):
    people.organisation("zebra")
    member = people.super_admin()
    sign_in(opened, member, "/organisations")
    opened.context.clear_cookies()
    opened.get_by_label("Find by name or key").fill("zeb")

    opened.get_by_label("E-mail address").fill(member.email)
    opened.get_by_label("Password").fill(PASSWORD)
    opened.get_by_role("button", name="Sign in").click()
    expect(opened.get_by_label("Find by name or key")).to_have_value("zeb")
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


def test_the_search_shows_what_it_finds_while_one_types(opened: Page, people: People):
    people.organisation("acme")
    member = people.member("acme-north", "viewer")
    sign_in(opened, people.super_admin(), "/feature-flags")
    opened.keyboard.press("/")
    opened.keyboard.type("acme")
    hits = opened.locator("#quick-results a")
    expect(hits).to_have_count(3)
    opened.keyboard.press("Escape")
    expect(hits).to_have_count(0)
    opened.keyboard.type("-n")
    expect(hits).to_have_count(2)
    opened.keyboard.press("ArrowDown")
    opened.keyboard.press("ArrowDown")
    expect(hits.last).to_be_focused()
    opened.keyboard.press("Enter")

    expect(opened.get_by_role("heading", name="Users of Acme-North")).to_be_visible()
    expect(opened.get_by_role("cell", name=member.email)).to_be_visible()
    assert opened.url.count("/users?organisation=acme-north") == 1


def test_a_form_offers_organisations_and_their_users_while_one_types(opened: Page, people: People):
    member = people.member("acme", "viewer")
    people.sql(
        "insert into feature_flags (key, name, description, is_enabled, rollout, scope, status)"
        " values ('f', 'F', '', true, 0, 'user', 'active')"
    )
    sign_in(opened, people.super_admin(), "/feature-flags/f")
    opened.locator("#t-organisation").press_sequentially("cm")
    expect(opened.locator("#t-organisation-found option")).to_have_count(1)
    expect(opened.locator("#t-organisation-found option")).to_have_attribute("value", "acme")
    opened.locator("#t-organisation").fill("acme")
    opened.locator("#t-user").press_sequentially("some")

    expect(opened.locator("#t-user-found option")).to_have_count(1)
    expect(opened.locator("#t-user-found option")).to_have_attribute("value", member.email)


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
    opened.get_by_role("link", name="Organisation", exact=True).click()

    expect(opened.get_by_role("heading", name="Acme", exact=True)).to_be_visible()
    opened.goto("/organisations")
    expect(opened.get_by_role("link", name="Acme", exact=True)).to_be_visible()
    expect(opened.get_by_role("link", name="Other")).to_have_count(0)
    expect(opened.get_by_role("link", name="New organisation")).to_have_count(0)
    opened.goto("/organisations/new")
    expect(opened.get_by_role("heading", name="Not permitted")).to_be_visible()


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


def test_an_administrator_archives_flags_together_and_takes_it_back(opened: Page, people: People):
    for key in ("old-one", "old-two", "in-use"):
        people.sql(
            "insert into feature_flags (key, name, description, is_enabled, rollout, scope, status)"
            " values (%s, %s, '', true, 100, 'user', 'active')",
            key,
            key.title(),
        )
    sign_in(opened, people.super_admin(), "/feature-flags")
    opened.get_by_label("Choose Old-One").check()
    opened.get_by_label("Choose Old-Two").check()
    opened.get_by_role("button", name="Archive the chosen").click()

    expect(opened.get_by_role("status")).to_contain_text("2 flags are archived")
    assert people.sql("select key from feature_flags where status = 'inactive' order by 1") == [
        ("old-one",),
        ("old-two",),
    ]
    opened.get_by_role("button", name="Undo").click()
    expect(opened.get_by_role("status")).to_have_count(0)
    assert people.sql("select count(*) from feature_flags where status = 'inactive'") == [(0,)]


def test_an_administrator_takes_a_change_of_a_flag_back(opened: Page, people: People):
    people.sql(
        "insert into feature_flags (key, name, description, is_enabled, rollout, scope, status)"
        " values ('beta', 'Beta', '', true, 10, 'user', 'active')"
    )
    sign_in(opened, people.super_admin(), "/feature-flags/beta")
    opened.get_by_role("slider").fill("90")
    opened.get_by_role("button", name="Save").click()
    opened.get_by_role("button", name=re.compile("^Undo the change")).first.click()

    expect(opened.locator("#rollout-value")).to_have_text("10 %")


def test_an_administrator_finds_a_change_in_the_trail_and_exports_it(opened: Page, people: People):
    member = people.super_admin()
    sign_in(opened, member, "/organisations/new")
    opened.get_by_label("Name").fill("Acme")
    opened.get_by_label("Key").fill("acme")
    opened.get_by_role("button", name="Create").click()
    opened.get_by_role("link", name="Audit", exact=True).click()
    opened.get_by_label("Of what").select_option("organisation")
    opened.get_by_label("Key, e-mail, request or address").fill(member.email)
    opened.get_by_role("button", name="Show").click()

    expect(opened.get_by_role("row", name=re.compile("Created organisation acme"))).to_contain_text(member.email)
    with opened.expect_download() as downloading:
        opened.get_by_role("link", name="CSV").click()
    assert "acme" in Path(downloading.value.path()).read_text()


def test_somebody_signs_out_of_another_browser(opened: Page, browser: Browser, api: Api, people: People):
    member = people.super_admin()
    context = browser.new_context(base_url=str(api.client.base_url), user_agent="A browser left behind")
    left_behind = context.new_page()
    sign_in(left_behind, member)
    sign_in(opened, member, "/account")
    opened.get_by_role("button", name=re.compile("Sign out there: A browser left behind")).click()

    expect(opened.get_by_text("A browser left behind")).to_have_count(0)
    left_behind.reload()
    expect(left_behind.get_by_role("button", name="Sign in")).to_be_visible()
    context.close()


def test_an_organisations_administrator_invites_somebody_who_then_signs_in(
    opened: Page, browser: Browser, people: People
):
    sign_in(opened, people.member("acme", "admin"), "/users")
    opened.get_by_label("E-mail address").fill("jo@acme.example")
    opened.get_by_label("Name", exact=True).fill("Jo")
    opened.get_by_role("button", name="Invite").click()
    link = opened.get_by_label("The link").input_value()
    assert link.startswith("http://127.0.0.1:")
    opened.get_by_role("button", name="Copy the whole link").click()
    expect(opened.get_by_role("button", name="Copied")).to_be_visible()
    context = browser.new_context()
    newcomer = context.new_page()
    newcomer.goto(link)
    newcomer.get_by_label("Password").fill("a password of my own")
    newcomer.get_by_role("button", name="Begin").click()
    expect(newcomer.get_by_text("Your password is set")).to_be_visible()
    expect(newcomer.get_by_label("Password")).to_be_focused()
    newcomer.get_by_label("Password").fill("a password of my own")
    newcomer.get_by_role("button", name="Sign in").click()

    expect(newcomer.get_by_text("viewer, acme")).to_be_visible()
    context.close()


def test_an_organisations_administrator_puts_somebody_out(opened: Page, people: People):
    member = people.member("acme", "analyst")
    people.sql("update users set name = 'Sam' where id = %s", member.id)
    other = people.member("acme", "analyst")
    sign_in(opened, people.member("acme", "admin"), "/users")
    opened.get_by_label("Find by name or e-mail").fill("sam")
    expect(opened.get_by_role("cell", name=other.email)).to_have_count(0)
    opened.get_by_role("link", name="Deactivate Sam").click()
    opened.get_by_role("button", name="Deactivate").click()

    expect(opened.get_by_role("button", name="Activate Sam")).to_be_visible()
    expect(opened.get_by_label("Find by name or e-mail")).to_have_value("sam")
    assert people.sql("select is_active from users where id = %s", member.id) == [(False,)]


def test_on_a_narrow_screen_nothing_that_matters_is_out_of_sight(opened: Page, api: Api, people: People):
    people.member("platform", "admin")
    people.sql(
        "insert into feature_flags (key, name, description, is_enabled, rollout, scope, status)"
        " values ('a-flag-with-a-long-key', 'A flag with a long name', '', true, 30, 'organisation', 'active')"
    )
    people.sql(
        "insert into analytics_modules (key, name, description, version, type, status, is_core)"
        " values ('a_module', 'A module', 'What it is, in some words.', '1.0', 'integration', 'active', false)"
    )
    put_on_record(api, people, builders.clear_with_applied_steps())
    opened.set_viewport_size({"width": 390, "height": 844})
    sign_in(opened, people.super_admin(), "/users")

    def is_in_sight(found: Locator) -> bool:
        box = found.bounding_box()
        return box is not None and box["x"] >= 0 and box["x"] + box["width"] <= 390

    links = opened.get_by_role("navigation", name="Main").get_by_role("link")
    assert links.count() == 8
    assert all(is_in_sight(link) for link in links.all())
    buttons = opened.get_by_role("button", name=re.compile("Save the role|Deactivate"))
    assert buttons.count() >= 2
    assert all(is_in_sight(button) for button in buttons.all())
    for path, cells in (
        ("/health", "td .pill"),
        ("/organisations", "td"),
        ("/modules", "td"),
        ("/feature-flags", "td"),
    ):
        opened.goto(path)
        found = opened.locator(cells)
        assert found.count() > 0
        assert all(is_in_sight(each) for each in found.all())

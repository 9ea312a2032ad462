"""The console's pages as a program asks for them: who gets in, whose forms count, what is lost when it goes wrong."""

import html
import json
import re
import time
from collections.abc import Iterator

import httpx2
import pytest

from interlock.control.http.tokens import Audience, Bearer, Tokens
from interlock.control.persistence.administrators import reset_password
from interlock.report.html import as_html
from interlock.report.json import as_json
from tests.integration.control.conftest import PASSWORD, TOKEN_KEY, Api, Member, People
from tests.unit.report.builders import clear_with_applied_steps, stop_at_verify_before

RECORD = clear_with_applied_steps()
OWN = {"Sec-Fetch-Site": "same-origin"}


class Visitor:
    """A browser without a screen."""

    def __init__(self, base_url: str) -> None:
        self.client = httpx2.Client(base_url=base_url, timeout=20)

    def sign_in(self, member: Member) -> "Visitor":
        answer = self.post("/sign-in", email=member.email, password=PASSWORD)
        assert answer.status_code == 303
        return self

    def get(self, path: str) -> httpx2.Response:
        return self.client.get(path)

    def post(self, path: str, headers: dict[str, str] = OWN, **form: str) -> httpx2.Response:
        return self.client.post(path, data=form, headers=headers)


@pytest.fixture
def visitor(api: Api) -> Iterator[Visitor]:
    visitor = Visitor(str(api.client.base_url))
    yield visitor
    visitor.client.close()


PAGES = (
    "/",
    "/organisations",
    "/organisations/new",
    "/modules",
    "/feature-flags",
    "/feature-flags/new",
    "/releases",
    "/health",
    "/users",
    "/audit",
    "/search",
    "/account",
)


@pytest.mark.parametrize("path", PAGES)
def test_a_stranger_is_asked_to_sign_in(visitor: Visitor, path: str):
    answer = visitor.get(path)

    assert answer.status_code == 303
    assert answer.headers["Location"].startswith("/sign-in?next=/")


@pytest.mark.parametrize("path", PAGES)
def test_a_super_admin_sees_every_page_without_anything_inline(visitor: Visitor, people: People, path: str):
    answer = visitor.sign_in(people.super_admin()).get(path)

    assert answer.status_code == 200
    assert "script-src 'self'" in answer.headers["Content-Security-Policy"]
    assert " style=" not in answer.text
    assert "onclick" not in answer.text


def test_the_session_is_a_cookie_that_no_script_can_read(visitor: Visitor, people: People):
    answer = visitor.post("/sign-in", email=people.super_admin().email, password=PASSWORD)

    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    copy = visitor.client.cookies["interlock_session"]
    assert visitor.post("/sign-out").status_code == 303
    assert visitor.get("/").status_code == 303
    visitor.client.cookies["interlock_session"] = copy
    assert visitor.get("/").status_code == 303


def test_a_session_is_no_token_and_a_token_is_no_session(visitor: Visitor, api: Api, people: People):
    member = people.super_admin()
    visitor.sign_in(member)
    session = visitor.client.cookies["interlock_session"]

    assert api.get("/api/v1/me", headers={"Authorization": f"Bearer {session}"}).status_code == 401
    visitor.client.cookies.clear()
    visitor.client.cookies["interlock_session"] = member.token
    assert visitor.get("/").status_code == 303


@pytest.mark.parametrize(("hours", "status"), [(11.9, 200), (12.1, 303)])
def test_a_session_that_is_used_all_the_time_ends_as_well(visitor: Visitor, people: People, hours: float, status: int):
    member = people.super_admin()
    visitor.sign_in(member)
    session = people.sql("update sessions set began_at = now() - %s * interval '1 hour' returning id", hours)[0][0]
    bearer = Bearer(member.organisation_id, member.id, int(time.time()), session)
    visitor.client.cookies["interlock_session"] = Tokens(TOKEN_KEY).issue(bearer, Audience.CONSOLE)

    assert visitor.get("/").status_code == status


@pytest.mark.parametrize("next_path", ["https://evil.example", "//evil.example", "/\\evil.example"])
def test_nobody_is_led_to_another_site(visitor: Visitor, people: People, next_path: str):
    answer = visitor.post("/sign-in", email=people.super_admin().email, password=PASSWORD, next=next_path)

    assert answer.headers["Location"] == "/"


def test_a_wrong_password_is_told_and_the_address_kept(visitor: Visitor):
    answer = visitor.post("/sign-in", email="somebody@example.com", password="wrong")

    assert answer.status_code == 401
    assert "do not belong to an active user" in answer.text
    assert 'value="somebody@example.com"' in answer.text


ELSEWHERE = ({"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "https://evil.example"}, {})


@pytest.mark.parametrize("headers", ELSEWHERE, ids=str)
def test_a_form_of_another_site_changes_nothing(visitor: Visitor, people: People, headers: dict[str, str]):
    visitor.sign_in(people.super_admin())

    answer = visitor.post("/organisations", headers=headers, key="acme", name="Acme", plan="basic")

    assert answer.status_code == 403
    assert people.sql("select count(*) from organisations where key = 'acme'") == [(0,)]


def test_who_may_only_read_is_refused_in_words(visitor: Visitor, people: People):
    visitor.sign_in(people.member("acme", "admin"))

    assert "New organisation" not in visitor.get("/organisations").text
    for path in ("/organisations", "/feature-flags", "/organisations/acme", "/feature-flags/x/switch"):
        answer = visitor.post(path, key="new-one", name="New", plan="basic")
        assert answer.status_code == 403
        assert "Not permitted" in answer.text


def test_a_page_neither_offers_nor_takes_a_role_above_the_own(visitor: Visitor, people: People):
    root = people.super_admin()
    visitor.sign_in(people.member("platform", "admin"))

    shown = visitor.get("/users").text
    user, invitations = f"/organisations/platform/users/{root.id}", "/organisations/platform/invitations"
    refused = [
        visitor.post(user, role="viewer"),
        visitor.post(user, is_active="false"),
        visitor.post(invitations, email="jo@acme.example", name="Jo", role="super_admin"),
    ]

    assert 'value="admin"' in shown
    assert not {'value="super_admin"', 'value="recorder"', user} & set(re.findall(r'value="[^"]*"|/organ[^"]*', shown))
    assert [answer.status_code for answer in refused] == [403, 403, 403]
    assert "permits more than yours" in refused[0].text
    assert people.sql("select count(*) from users where role = 'super_admin' and is_active") == [(1,)]


def test_what_weighs_asks_first_and_then_does_what_it_said(visitor: Visitor, api: Api, people: People):
    root, member = people.super_admin(), people.member("acme", "viewer")
    visitor.sign_in(root)
    module = {"key": "prices", "name": "Prices & more", "version": "1", "type": "analytics"}
    assert api.ask("POST", "/api/v1/admin/modules", root, json=module).status_code == 201
    visitor.post("/feature-flags", key="new-one", name="New one")
    visitor.post("/feature-flags/new-one/overrides", organisation="acme", is_enabled="true", reason="<pilot>")
    weighty = (
        ("/modules/prices", "/modules/prices/retire", "select status::text from analytics_modules", "retired"),
        ("/feature-flags/new-one", "/feature-flags/new-one/overrides/delete?organisation=acme",
         "select count(*)::text from flag_overrides", "0"),
        ("/users?organisation=acme", f"/organisations/acme/users/{member.id}/deactivate",
         "select is_active::text from users where role = 'viewer'", "false"),
        ("/organisations/acme", "/organisations/acme/archive",
         "select (archived_at is not null)::text from organisations where key = 'acme'", "true"),
    )  # fmt: skip

    for page, question, state, done in weighty:
        assert f'href="{question}"' in visitor.get(page).text
        asked = visitor.get(question)
        assert asked.status_code == 200
        assert people.sql(state) != [(done,)]
        form = asked.text.partition("<main")[2]
        action = re.search(r'<form method="post" action="([^"]+)"', form)
        assert action
        fields = dict(re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', form))
        assert visitor.post(html.unescape(action[1]), **fields).status_code == 303
        assert people.sql(state) == [(done,)]


def test_another_tenant_is_not_there(visitor: Visitor, people: People):
    people.organisation("other")
    visitor.sign_in(people.member("acme", "admin"))

    answer = visitor.get("/organisations/other")

    assert answer.status_code == 404
    assert "there is no organisation other" in answer.text
    assert "other" not in visitor.get("/organisations").text.replace("another", "")
    assert visitor.get("/search?search=other").text.count("/organisations/other") == 0


def test_an_organisations_administrator_is_offered_the_one_organisation_and_no_choice_of_others(
    visitor: Visitor, people: People
):
    people.organisation("other")
    people.sql(
        "insert into feature_flags (key, name, description, is_enabled, rollout, scope, status)"
        " values ('f', 'F', '', true, 100, 'global', 'active')"
    )
    visitor.sign_in(people.member("acme", "admin"))
    overview, users, flag = (visitor.get(path).text for path in ("/", "/users", "/feature-flags/f"))
    invited = visitor.post("/organisations/acme/invitations", email="jo@acme.example", name="Jo", role="viewer").text

    assert re.findall('<a href="(/organisations[^"]*)"', overview) == ["/organisations/acme"]
    assert 'name="organisation"' not in users
    assert re.search('name="organisation"[^>]*value="acme"', flag)
    for page, current in (
        (users, "/users"),
        (visitor.get("/organisations/acme").text, "/organisations/acme"),
        (invited, "/users"),
    ):
        assert re.findall('href="([^"]*)" aria-current="page"', page) == [current]


@pytest.mark.parametrize("role", ["analyst", "viewer"])
def test_who_has_nothing_to_administer_is_told_so(visitor: Visitor, people: People, role: str):
    visitor.sign_in(people.member("acme", role))

    assert "nothing to administer" in visitor.get("/").text
    assert visitor.get("/organisations").status_code == 403


def test_what_was_typed_outlives_the_session(visitor: Visitor, people: People):
    member = people.super_admin()
    visitor.sign_in(member)
    visitor.client.cookies.clear()

    asked = visitor.post("/organisations", key="acme", name="Acme <Ltd>", plan="basic")
    assert asked.status_code == 401
    assert 'name="kept.name" value="Acme &lt;Ltd&gt;"' in asked.text
    kept = {"kept.key": "acme", "kept.name": "Acme <Ltd>", "kept.plan": "basic"}
    resumed = visitor.post("/sign-in", email=member.email, password=PASSWORD, next="/organisations", **kept)

    assert 'name="name" value="Acme &lt;Ltd&gt;"' in resumed.text
    assert visitor.post("/organisations", key="acme", name="Acme <Ltd>", plan="basic").status_code == 303


def test_two_tabs_do_not_overwrite_each_other(visitor: Visitor, people: People):
    people.organisation("acme")
    visitor.sign_in(people.super_admin())
    version = version_of(visitor, "/organisations/acme")
    first = {"name": "First", "plan": "basic", "is_active": "on", "version": version}

    assert visitor.post("/organisations/acme", **first).status_code == 303
    second = visitor.post("/organisations/acme", **{**first, "name": "Second"})

    assert second.status_code == 412
    assert "First" in second.text
    assert "Second" in second.text
    assert people.sql("select name from organisations where key = 'acme'") == [("First",)]


def test_a_change_is_written_down_with_who_made_it(visitor: Visitor, people: People):
    member = people.super_admin()
    visitor.sign_in(member)
    visitor.post("/feature-flags", key="new-one", name="New one")
    visitor.post("/feature-flags/new-one/switch", is_enabled="true")

    assert people.sql("select actor_id, action from audit_events order by occurred_at") == [
        (member.id, "create"),
        (member.id, "change"),
    ]
    assert "is enabled: <del>no</del> → <ins>yes</ins>" in visitor.get("/feature-flags/new-one").text


def archive_two(visitor: Visitor) -> list[str]:
    """Archive one flag that is in use and one that is inactive already; what the page then offers to undo."""
    for key in ("gone", "used"):
        visitor.post("/feature-flags", key=key, name=key)
    form = {"name": "gone", "rollout": "100", "status": "inactive"}
    visitor.post("/feature-flags/gone", **form, version=version_of(visitor, "/feature-flags/gone"))
    form_of_a_list = "&".join(f"chosen={key}" for key in ("gone", "used"))
    headers = OWN | {"Content-Type": "application/x-www-form-urlencoded"}
    done = visitor.client.post("/feature-flags/-/archive", content=form_of_a_list, headers=headers)
    shown = visitor.get(done.headers["Location"]).text
    assert "1 flag is archived" in shown
    return re.findall(r'type="hidden" name="chosen" value="([^"]+)"', shown)


def test_undo_takes_back_the_archiving_and_nothing_else(visitor: Visitor, people: People):
    visitor.sign_in(people.super_admin())
    (archiving,) = archive_two(visitor)

    assert visitor.post("/feature-flags/-/unarchive", chosen=archiving).status_code == 303

    assert people.sql("select key, status::text from feature_flags order by 1") == [
        ("gone", "inactive"),
        ("used", "active"),
    ]


@pytest.mark.parametrize("status", ["inactive", "active"])
def test_undo_leaves_a_flag_that_was_changed_since_it_was_archived(visitor: Visitor, people: People, status: str):
    visitor.sign_in(people.super_admin())
    (archiving,) = archive_two(visitor)
    form = {"name": "Another", "rollout": "100", "status": status}
    visitor.post("/feature-flags/used", **form, version=version_of(visitor, "/feature-flags/used"))

    done = visitor.post("/feature-flags/-/unarchive", chosen=archiving)

    assert "Changed since, and so left as it is: used." in visitor.get(done.headers["Location"]).text
    assert people.sql("select name, status::text from feature_flags where key = 'used'") == [("Another", status)]


def test_undo_of_archiving_takes_no_other_change_back(visitor: Visitor, people: People):
    visitor.sign_in(people.super_admin())
    visitor.post("/feature-flags", key="used", name="used")
    visitor.post("/feature-flags/used/switch", is_enabled="true")
    ((event,),) = people.sql("select id from audit_events where action = 'change'")

    assert visitor.post("/feature-flags/-/unarchive", chosen=str(event)).status_code == 404
    assert visitor.post("/feature-flags/-/unarchive", chosen="no id").status_code == 422
    assert people.sql("select is_enabled from feature_flags") == [(True,)]


def test_a_change_is_not_taken_back_from_a_page_that_is_old(visitor: Visitor, people: People):
    visitor.sign_in(people.super_admin())
    visitor.post("/feature-flags", key="new-one", name="New one")
    visitor.post("/feature-flags/new-one/switch", is_enabled="true")
    seen = version_of(visitor)
    ((event,),) = people.sql("select id from audit_events where action = 'change'")
    form = {"name": "Another", "rollout": "100", "status": "active"}
    visitor.post("/feature-flags/new-one", **form, version=seen)

    refused = visitor.post("/feature-flags/new-one/undo", event_id=str(event), version=seen)
    assert refused.status_code == 412
    assert "nothing was undone" in refused.text.partition('id="changes"')[2].partition("<table")[0]
    assert people.sql("select is_enabled from feature_flags") == [(True,)]
    current = version_on(refused)
    assert visitor.post("/feature-flags/new-one/undo", event_id=str(event), version=current).status_code == 303
    assert people.sql("select is_enabled from feature_flags") == [(False,)]


def test_an_exception_answers_where_it_is_tried(visitor: Visitor, people: People):
    people.organisation("acme")
    visitor.sign_in(people.super_admin())
    visitor.post("/feature-flags", key="new-one", name="New one")
    visitor.post("/feature-flags/new-one", name="New one", rollout="0", status="active", version=version_of(visitor))
    visitor.post("/feature-flags/new-one/switch", is_enabled="true")

    assert "because of: rollout" in visitor.get("/feature-flags/new-one?organisation=acme").text
    made = visitor.post(
        "/feature-flags/new-one/overrides", organisation="acme", is_enabled="true", reason="pilot", days="3"
    )
    assert made.status_code == 303
    assert "because of: organisation override" in visitor.get("/feature-flags/new-one?organisation=acme").text
    assert visitor.post("/feature-flags/new-one/overrides/delete", organisation="acme").status_code == 303
    assert "because of: rollout" in visitor.get("/feature-flags/new-one?organisation=acme").text


def version_of(visitor: Visitor, path: str = "/feature-flags/new-one") -> str:
    """Which version a form on a page is filled in over."""
    found = re.search(r'name="version" value="([^"]+)"', visitor.get(path).text)
    assert found
    return found[1]


BAD_FORMS = (
    ("/organisations", {"key": "No Key!", "name": "x", "plan": "basic"}),
    ("/organisations", {"key": "acme", "name": "", "plan": "basic"}),
    ("/organisations", {"key": "acme", "name": "x", "plan": "gold"}),
    ("/organisations", {"key": "acme", "name": "x", "plan": "basic", "sector_code": "no sector!"}),
    ("/organisations", {}),
    ("/feature-flags", {"key": "a", "name": "x", "scope": "moon"}),
    ("/feature-flags", {"key": "a", "name": "x", "description": "\0"}),
    ("/feature-flags/new-one", {"name": "x", "rollout": "101", "status": "active"}),
    ("/feature-flags/new-one", {"name": "x", "rollout": "1", "status": "moon"}),
    ("/feature-flags/new-one/overrides", {"organisation": "nobody", "reason": "x"}),
    ("/feature-flags/new-one/overrides", {"organisation": "acme", "reason": "x", "user": "no id"}),
    ("/modules/nothing/status", {"status": "active"}),
    ("/modules/NOTHING!/status", {"status": "active"}),
)


@pytest.mark.parametrize(("path", "form"), BAD_FORMS, ids=str)
def test_bad_input_is_told_and_breaks_nothing(visitor: Visitor, people: People, path: str, form: dict[str, str]):
    people.organisation("acme")
    visitor.sign_in(people.super_admin())
    visitor.post("/feature-flags", key="new-one", name="New one")
    form = {**form, "version": version_of(visitor)} if path == "/feature-flags/new-one" else form

    answer = visitor.post(path, **form)

    assert answer.status_code in (404, 422), answer.text
    assert "text/html" in answer.headers["Content-Type"]


@pytest.mark.parametrize("query", ["?after=%00", "?search=%00%25_", "?after=nonsense", "?search=" + "x" * 500])
@pytest.mark.parametrize("path", ["/organisations", "/users", "/audit", "/feature-flags"])
def test_a_list_takes_any_address(visitor: Visitor, people: People, path: str, query: str):
    answer = visitor.sign_in(people.super_admin()).get(path + query)

    assert answer.status_code in (200, 422)


def test_a_search_finds_a_part_of_the_name_and_no_pattern(visitor: Visitor, people: People):
    people.organisation("acme")
    people.organisation("zebra")
    visitor.sign_in(people.super_admin())

    assert "/organisations/acme" in visitor.get("/organisations?search=CM").text
    assert "/organisations/zebra" not in visitor.get("/organisations?search=CM").text
    assert "/organisations/acme" not in visitor.get("/organisations?search=%25").text


def test_an_invitation_lets_somebody_in_once(visitor: Visitor, people: People):
    visitor.sign_in(people.member("acme", "admin"))

    invited = visitor.post("/organisations/acme/invitations", email="jo@acme.example", name="Jo <b>", role="admin")
    link = re.search(r'value="(/invitation\?token=[^"]+)"', invited.text)
    assert link
    visitor.post("/sign-out")
    welcome = visitor.get(link[1]).text
    assert "Choose a password" in welcome
    assert "Jo &lt;b&gt;, you sign in as jo@acme.example from now on." in welcome
    token = link[1].partition("token=")[2]
    assert "at least 12 characters" in visitor.post("/invitation", token=token, password="short").text
    assert visitor.post("/invitation", token=token, password=PASSWORD).status_code == 200
    assert visitor.post("/invitation", token=token, password=PASSWORD).status_code == 404
    again = visitor.get(link[1])
    assert again.status_code == 404
    assert "does not count" in again.text
    assert "Choose a password" not in again.text
    assert visitor.post("/sign-in", email="jo@acme.example", password=PASSWORD).status_code == 303
    assert "Jo &lt;b&gt;" in visitor.get("/users").text
    audited = visitor.get("/audit").text
    assert "the invited person" in audited
    assert "command line" not in audited


def test_who_is_shown_no_change_by_the_platform_is_told_so(visitor: Visitor, people: People):
    hidden = "is not shown to an organisation"
    visitor.sign_in(people.super_admin())
    visitor.post("/feature-flags", key="new-one", name="New one")
    assert hidden not in visitor.get("/feature-flags/new-one").text

    visitor.post("/sign-out")
    visitor.sign_in(people.member("acme", "admin"))

    for path in ("/feature-flags/new-one", "/audit?of=flag"):
        shown = visitor.get(path).text
        assert hidden in shown
        assert "Nothing was changed yet" not in shown


def test_what_the_operator_did_is_by_the_command_line(visitor: Visitor, people: People):
    member = people.super_admin()
    reset_password(people.database, member.email, PASSWORD)
    visitor.sign_in(member)

    assert "command line" in visitor.get("/audit").text


def test_an_administrator_changes_others_and_not_itself(visitor: Visitor, people: People):
    own, other = people.member("acme", "admin"), people.member("acme", "viewer")
    visitor.sign_in(own)

    assert visitor.post(f"/organisations/acme/users/{other.id}", role="analyst").status_code == 303
    assert visitor.post(f"/organisations/acme/users/{other.id}", is_active="false").status_code == 303
    assert visitor.post(f"/organisations/acme/users/{own.id}", is_active="false").status_code == 422
    assert visitor.post(f"/organisations/acme/users/{other.id}", role="super_admin").status_code == 422
    assert people.sql("select role::text, is_active from users where id = %s", other.id) == [("analyst", False)]


def test_an_organisation_is_archived_and_restored(visitor: Visitor, people: People):
    people.organisation("acme")
    visitor.sign_in(people.super_admin())

    assert visitor.post("/organisations/acme/archive").status_code == 303
    assert "/organisations/acme" not in visitor.get("/organisations").text
    assert "/organisations/acme" in visitor.get("/organisations?archived=true").text
    assert visitor.post("/organisations/acme/restore").status_code == 303
    assert "/organisations/acme" in visitor.get("/organisations").text


def test_the_flags_of_an_organisation_come_in_pages_and_are_searched(visitor: Visitor, people: People):
    people.organisation("acme")
    people.sql(
        "insert into feature_flags (key, name, description, is_enabled, rollout, scope, status)"
        " select 'flag-' || i, 'F', '', true, 100, 'global', 'active' from generate_series(100, 350) i"
    )
    visitor.sign_in(people.super_admin())

    path, seen = "/organisations/acme", []
    while path:
        page = visitor.get(path).text
        seen += re.findall(r'class="key text-secondary">(flag-\d+)<', page)
        following = re.search(r'rel="next" href="([^"]*)">Next flags', page)
        path = html.unescape(following[1]).partition("#")[0] if following else ""

    assert seen == [f"flag-{number}" for number in range(100, 351)]
    assert "flag-349" in visitor.get("/organisations/acme?search=flag-349").text
    assert "No flag has “x-y”" in visitor.get("/organisations/acme?search=x-y").text


def test_modules_who_has_one_and_the_exceptions_of_a_flag_come_in_pages(visitor: Visitor, people: People):
    numbers = "from generate_series(100, 160) i"
    people.sql(
        f"insert into organisations (key, name, plan, is_active) select 'org-' || i, 'O', 'basic', true {numbers}"
    )
    people.sql(
        "insert into analytics_modules (key, name, description, version, type, status, is_core)"
        f" select 'module-' || i, 'M', '', '1', 'analytics', 'active', false {numbers}"
    )
    people.sql(
        "insert into feature_flags (key, name, description, is_enabled, rollout, scope, status)"
        " values ('f', 'F', '', true, 100, 'global', 'active')"
    )
    people.sql(
        "insert into organisation_modules (organisation_id, module_key, is_enabled)"
        " select id, 'module-100', true from organisations where key <> 'platform'"
    )
    people.sql(
        "insert into flag_overrides (organisation_id, flag_key, is_enabled, reason)"
        " select id, 'f', true, 'pilot' from organisations where key <> 'platform'"
    )
    visitor.sign_in(people.super_admin())
    lists = (
        ("/organisations/org-100", "modules", 'href="/organisations/org-100/modules/([a-z0-9-]+)"'),
        ("/modules/module-100", "organisations", 'href="/organisations/([a-z0-9-]+)/modules'),
        ("/feature-flags/f", "exceptions", 'href="/organisations/([a-z0-9-]+)"'),
    )

    for path, noun, row in lists:
        first = visitor.get(path).text
        following = re.search(f'rel="next" href="([^"#]*)[^"]*">Next {noun}', first)
        assert following, noun
        last = visitor.get(html.unescape(following[1])).text
        pages = [set(re.findall(row, page)) for page in (first, last)]
        assert ([len(page) for page in pages], len(pages[0] | pages[1])) == ([50, 11], 61), noun
        assert f'href="{path}#' in last.partition(f">First {noun}<")[0]
        assert f"Next {noun}" not in last

    # What is done on the second page comes back to it.
    place = following[1].partition("?")[2]
    end = f"/feature-flags/f/overrides/delete?{place}"
    asked = visitor.get(f"{end}&organisation=org-100").text
    assert asked.count(place) == 2
    ended = visitor.post(end, organisation="org-100")
    switched = visitor.post(
        "/organisations/org-101/modules/module-160/switch?modules_after=module-149", is_enabled="true"
    )
    assert ended.headers["Location"] == f"/feature-flags/f?{place}#overrides"
    assert switched.headers["Location"] == "/organisations/org-101?modules_after=module-149#modules"


def test_the_invitations_of_an_organisation_come_in_pages(visitor: Visitor, people: People):
    organisation = people.organisation("acme")
    people.sql(
        "insert into invitations (organisation_id, email, name, role, secret_hash, expires_at)"
        " select %s, 'somebody-' || i || '@acme.example', 'S', 'viewer', '', now() + interval '1 day'"
        " from generate_series(1, 230) i",
        organisation,
    )
    visitor.sign_in(people.super_admin())

    path, seen = "/users?organisation=acme", set()
    while path:
        page = visitor.get(path).text
        seen |= set(re.findall(r"<td>(somebody-\d+)@", page))
        following = re.search(r'rel="next" href="([^"]*)">Next invitations', page)
        path = html.unescape(following[1]).partition("#")[0] if following else ""

    assert len(seen) == 230
    assert visitor.get("/users?organisation=acme&invited_after=nothing").status_code == 404


def test_a_page_that_there_is_not_is_told_in_words_to_people_and_as_a_problem_to_programs(visitor: Visitor):
    people_see = visitor.client.get("/organisation", headers={"Accept": "text/html,*/*"})
    programs_see = visitor.client.get("/organisation", headers={"Accept": "*/*"})
    api = visitor.client.get("/api/v1/nothing", headers={"Accept": "text/html"})

    assert people_see.status_code == programs_see.status_code == api.status_code == 404
    assert "There is no such page" in people_see.text
    assert programs_see.headers["Content-Type"] == api.headers["Content-Type"] == "application/problem+json"


def test_what_breaks_is_told_in_words_and_named_for_the_log(visitor: Visitor, people: People):
    visitor.sign_in(people.super_admin())
    people.sql("alter table feature_flags rename to taken_away")
    try:
        answer = visitor.get("/feature-flags")
    finally:
        people.sql("alter table taken_away rename to feature_flags")

    assert answer.status_code == 500
    assert answer.headers["Content-Type"].startswith("text/html")
    assert "Something broke on our side" in answer.text
    assert answer.headers["X-Request-Id"] in answer.text
    assert "feature_flags" not in answer.text.partition("<main")[2]


def test_a_report_is_a_download_without_rights_for_those_who_may_read_it(visitor: Visitor, api: Api, people: People):
    record = {"project": "shop", "record": json.loads(as_json(RECORD)), "page": as_html(RECORD)}
    assert api.ask("POST", "/api/v1/admin/releases", people.super_admin(), json=record).status_code == 201
    path = f"/releases/{RECORD.id}"

    visitor.sign_in(people.member("acme", "admin"))
    assert {visitor.get(each).status_code for each in (path, f"{path}/report", f"{path}/record.json", "/health")} == {
        403
    }
    visitor.sign_in(people.super_admin())
    report = visitor.get(f"{path}/report")
    assert report.text == as_html(RECORD)
    assert report.headers["Content-Security-Policy"].startswith("sandbox;")
    assert visitor.get(f"{path}/record.json").json()["id"] == RECORD.id
    assert visitor.get("/releases/none").status_code == 404


def test_the_overview_says_when_nobody_watches_any_more(visitor: Visitor, api: Api, people: People):
    """Each endpoint worked when it was last asked, which was long ago: that is no good news."""
    visitor.sign_in(people.super_admin())
    assert "nobody knows" not in visitor.get("/").text

    record = {"project": "shop", "record": json.loads(as_json(RECORD)), "page": as_html(RECORD)}
    assert api.ask("POST", "/api/v1/admin/releases", people.super_admin(), json=record).status_code == 201
    shown = visitor.get("/").text

    assert "The last answer of an endpoint came" in shown
    assert "whether they still work, nobody knows" in shown


def test_the_drift_of_a_release_is_told_as_people_write_values(visitor: Visitor, api: Api, people: People):
    run = stop_at_verify_before()
    record = {"project": "shop", "record": json.loads(as_json(run)), "page": as_html(run)}
    assert api.ask("POST", "/api/v1/admin/releases", people.super_admin(), json=record).status_code == 201
    visitor.sign_in(people.super_admin())

    shown = visitor.get(f"/releases/{run.id}").text

    assert "labels: <del>(ACTIVE, RETIRED)</del> → <ins>(active, retired)</ins>" in shown
    assert "nullable: <del>no</del> → <ins>yes</ins>" in shown
    assert "default: <del>none</del> → <ins>0</ins>" in shown


@pytest.fixture
def elsewhere(api: Api) -> Iterator[Visitor]:
    """Another browser."""
    visitor = Visitor(str(api.client.base_url))
    yield visitor
    visitor.client.close()


def test_a_session_elsewhere_is_listed_and_can_be_ended(visitor: Visitor, elsewhere: Visitor, people: People):
    member = people.super_admin()
    elsewhere.client.headers["User-Agent"] = "A browser on a train"
    elsewhere.sign_in(member)
    visitor.sign_in(member)
    listed = visitor.get("/account").text
    assert "A browser on a train" in listed

    ended = re.search(r'action="(/account/sessions/[0-9a-f-]+/end)"', listed)
    assert ended is not None
    assert visitor.post(ended[1]).status_code == 303

    assert elsewhere.get("/").status_code == 303
    assert visitor.get("/").status_code == 200
    assert people.sql("select action from audit_events where resource_type = 'session'") == [("delete",)]


def test_one_can_stay_signed_in_here_alone(visitor: Visitor, elsewhere: Visitor, people: People):
    member = people.super_admin()
    elsewhere.sign_in(member)
    visitor.sign_in(member)

    assert visitor.post("/account/sessions/end-others").status_code == 303

    assert elsewhere.get("/").status_code == 303
    assert visitor.get("/").status_code == 200


def test_nobody_ends_the_session_of_somebody_else(visitor: Visitor, elsewhere: Visitor, api: Api, people: People):
    elsewhere.sign_in(people.member("acme", "viewer"))
    session = people.sql("select id from sessions")[0][0]
    admin = people.super_admin()
    visitor.sign_in(admin)

    assert visitor.post(f"/account/sessions/{session}/end").status_code == 404
    assert api.ask("DELETE", f"/api/v1/me/sessions/{session}", admin).status_code == 404
    assert elsewhere.get("/").status_code == 200


def test_the_api_lists_and_ends_sessions_too(visitor: Visitor, api: Api, people: People):
    member = people.member("acme", "viewer")
    visitor.sign_in(member)
    listed = api.get("/api/v1/me/sessions", member).json()["items"]
    assert len(listed) == 1

    assert api.ask("DELETE", f"/api/v1/me/sessions/{listed[0]['id']}", member).status_code == 204

    assert visitor.get("/").status_code == 303


def test_whoever_is_deactivated_signs_in_anew_when_let_in_again(visitor: Visitor, api: Api, people: People):
    member, root = people.member("acme", "admin"), people.super_admin()
    people.member("acme", "admin")
    visitor.sign_in(member)
    path = f"/api/v1/admin/organisations/acme/users/{member.id}"
    for is_active in (False, True):
        assert api.ask("PATCH", path, root, json={"is_active": is_active}).status_code == 200

    assert visitor.get("/").status_code == 303


def test_another_password_ends_every_session(visitor: Visitor, people: People):
    member = people.super_admin()
    visitor.sign_in(member)
    reset_password(people.database, member.email, "another password")

    assert visitor.get("/").status_code == 303
    assert people.sql("select count(*) from sessions") == [(0,)]


def test_a_session_tells_when_it_was_last_seen_to_the_minute(visitor: Visitor, people: People):
    visitor.sign_in(people.super_admin())
    people.sql("update sessions set last_seen_at = now() - interval '10 minutes'")
    visitor.get("/")

    assert people.sql("select last_seen_at > now() - interval '1 minute' from sessions") == [(True,)]


@pytest.mark.parametrize("day", ["tomorrow", "9999-12-31", "2026-13-01"])
def test_a_day_that_is_none_is_told_in_words(visitor: Visitor, people: People, day: str):
    visitor.sign_in(people.super_admin())

    answer = visitor.get(f"/audit?until={day}")

    assert answer.status_code == 422
    assert "is no day" in answer.text


def test_a_form_that_is_too_large_is_told_in_words(visitor: Visitor, people: People):
    visitor.sign_in(people.super_admin())

    answer = visitor.post("/feature-flags", key="large", name="x" * 2_000_000)

    assert answer.status_code == 413
    assert "what was sent is not taken" in answer.text
    assert people.sql("select count(*) from feature_flags") == [(0,)]


def test_the_page_of_the_trail_exports_what_it_shows(visitor: Visitor, people: People):
    visitor.sign_in(people.super_admin())
    for key in ("first", "second"):
        assert visitor.post("/feature-flags", key=key, name=key).status_code == 303

    shown = visitor.get("/audit?search=second&action=create").text
    path = re.search(r'href="(/audit/export\?format=csv[^"]*)"', shown)
    assert path is not None
    exported = visitor.get(html.unescape(path[1])).text

    assert "second" in exported
    assert "first" not in exported


MODULE = {
    "key": "prices",
    "name": "Prices",
    "description": "",
    "version": "1",
    "type": "analytics",
    "configuration_schema": {
        "type": "object",
        "properties": {"region": {"enum": ["eu", "us"]}, "limit": {"type": "integer", "minimum": 1}},
        "additionalProperties": False,
    },
}


@pytest.fixture
def configured(visitor: Visitor, api: Api, people: People) -> str:
    """The page on which acme sets up a module that it has."""
    root = people.super_admin()
    people.organisation("acme")
    assert api.ask("POST", "/api/v1/admin/modules", root, json=MODULE).status_code == 201
    assert api.ask("PUT", "/api/v1/admin/modules/prices/organisations/acme", root, json={
        "is_enabled": True, "configuration": {"limit": 5},
    }).status_code == 200  # fmt: skip
    visitor.sign_in(root)
    return "/organisations/acme/modules/prices"


def version_on(page: httpx2.Response) -> str:
    found = re.search(r'name="version" value="([^"]*)"', page.text)
    assert found is not None
    return found[1]


def test_a_module_is_set_up_by_a_form_of_its_schema(visitor: Visitor, people: People, configured: str):
    member = people.member("acme", "viewer")
    shown = visitor.get(configured)
    assert 'value="5"' in shown.text

    saved = visitor.post(
        configured,
        version=version_on(shown),
        **{"configuration.region": '"eu"', "configuration.limit": "7", "allowed_users": str(member.id)},
    )

    assert saved.status_code == 303
    assert people.sql("select configuration, allowed_users, is_enabled from organisation_modules") == [
        ({"region": "eu", "limit": 7}, [member.id], True)
    ]


@pytest.mark.parametrize(("limit", "at"), [("0", "configuration.limit"), ("many", "configuration.limit")])
def test_what_does_not_fit_is_told_and_what_was_typed_is_kept(
    visitor: Visitor, people: People, configured: str, limit: str, at: str
):
    version = version_on(visitor.get(configured))
    refused = visitor.post(
        configured, version=version, **{"configuration.region": '"us"', "configuration.limit": limit}
    )

    assert refused.status_code == 422
    assert at in refused.text
    assert f'value="{limit}"' in refused.text
    assert "selected" in refused.text.partition(">us<")[0].rpartition("<option")[2]
    assert people.sql("select configuration from organisation_modules") == [({"limit": 5},)]


def test_two_tabs_do_not_set_a_module_up_over_each_other(visitor: Visitor, people: People, configured: str):
    version = version_on(visitor.get(configured))
    assert visitor.post(configured, version=version, **{"configuration.limit": "6"}).status_code == 303

    member = people.member("acme", "viewer")
    other = {"configuration.limit": "8", "configuration.other settings": '{"a": [{"b": 1}]}'}
    second = visitor.post(configured, version=version, **other, allowed_users=str(member.id))

    assert second.status_code == 412
    table = html.unescape(second.text.partition("<tbody>")[2].partition("</tbody>")[0])
    rows = [re.findall(">([^<>]+)</(?:th|td|strong)>", row) for row in table.split("</tr>")]
    assert rows == [
        ["allowed users", "none", member.email],
        ["configuration.a", "none", '{"b": 1}'],
        ["configuration.limit", "6", "8"],
        [],
    ]
    assert people.sql("select configuration from organisation_modules") == [({"limit": 6},)]
    mine = visitor.post(configured, version=version_on(second), **{"configuration.limit": "8"})
    assert mine.status_code == 303


def test_an_organisations_administrator_reads_a_configuration_and_changes_none(
    visitor: Visitor, people: People, configured: str
):
    visitor.post("/sign-out")
    visitor.sign_in(people.member("acme", "admin"))

    shown = visitor.get(configured).text
    assert "Everybody of the organisation." in shown
    assert "<select" not in shown.partition("Only for these users")[2]
    assert visitor.post(configured, **{"configuration.limit": "9"}).status_code == 403
    assert visitor.get("/organisations/globex/modules/prices").status_code == 404


def test_a_module_shows_who_has_it_and_what_it_needs(visitor: Visitor, api: Api, people: People, configured: str):
    root = people.super_admin()
    for key, needs in (("reports", ["prices"]), ("alerts", ["reports", "prices"])):
        body = MODULE | {"key": key, "name": key.title(), "dependencies": needs}
        assert api.ask("POST", "/api/v1/admin/modules", root, json=body).status_code == 201

    prices, reports = visitor.get("/modules/prices").text, visitor.get("/modules/reports").text

    assert "Prices needs nothing, and is needed by Alerts, Reports" in prices
    assert "Reports needs Prices, and is needed by Alerts" in reports
    assert configured in prices
    holders = api.get("/api/v1/admin/modules/prices/organisations", root).json()["items"]
    assert [(each["organisation_key"], each["is_enabled"]) for each in holders] == [("acme", True)]


def test_people_are_found_by_name_and_address_as_far_as_one_may_see(visitor: Visitor, people: People):
    here, there = people.member("acme", "viewer"), people.member("globex", "viewer")
    people.sql("update users set name = 'Jo Castellan' where role = 'viewer'")
    root, admin = people.super_admin(), people.member("acme", "admin")

    everywhere = visitor.sign_in(root).get("/search?search=castell").text
    by_address = visitor.get(f"/search?search={here.email[:20]}").text
    visitor.post("/sign-out")
    own = visitor.sign_in(admin).get("/search?search=castell").text

    assert here.email in everywhere
    assert there.email in everywhere
    assert here.email in by_address
    assert here.email in own
    assert there.email not in own


def test_a_form_suggests_what_one_may_see_and_nothing_else(visitor: Visitor, people: People):
    here, there = people.member("acme", "viewer"), people.member("globex", "viewer")
    root, admin = people.super_admin(), people.member("acme", "admin")

    visitor.sign_in(root)
    assert '<option value="acme">Acme</option>' in visitor.get("/search/organisations?organisation=ACM").text
    assert here.email in visitor.get("/search/users?organisation=acme&user=viewer").text
    visitor.post("/sign-out")
    visitor.sign_in(admin)
    assert "globex" not in visitor.get("/search/organisations?organisation=g").text
    assert visitor.get("/search/users?organisation=globex&user=viewer").status_code == 404
    visitor.post("/sign-out")
    assert visitor.sign_in(there).get("/search/organisations?organisation=a").status_code == 403


def test_an_exception_of_a_user_is_made_and_tried_by_e_mail_address(visitor: Visitor, people: People):
    member, other = people.member("acme", "viewer"), people.member("globex", "viewer")
    people.sql(
        "insert into feature_flags (key, name, description, is_enabled, rollout, scope, status)"
        " values ('f', 'F', '', true, 0, 'user', 'active')"
    )
    visitor.sign_in(people.super_admin())
    form = {"organisation": "acme", "is_enabled": "true", "reason": "tries it"}

    made = visitor.post("/feature-flags/f/overrides", **form, user=member.email.upper())
    elsewhere = visitor.post("/feature-flags/f/overrides", **form, user=other.email)
    page = visitor.get(f"/feature-flags/f?organisation=acme&user={member.email}").text

    assert (made.status_code, elsewhere.status_code) == (303, 422)
    assert people.sql("select user_id from flag_overrides") == [(member.id,)]
    assert "because of: user override" in page
    assert f'<span class="text-secondary">{member.email}</span>' in page
    ended = visitor.post("/feature-flags/f/overrides/delete", organisation="acme", user=str(member.id))
    assert ended.status_code == 303


def test_the_trail_tells_names_and_words_and_no_identifiers(
    visitor: Visitor, api: Api, people: People, configured: str
):
    member, root = people.member("acme", "viewer"), people.super_admin()
    people.sql("update users set name = 'Jo' where role = 'viewer'")
    path = f"/api/v1/admin/organisations/acme/users/{member.id}"
    assert api.ask("PATCH", path, root, json={"is_active": False}).status_code == 200
    allowed = {"version": version_on(visitor.get(configured)), "configuration.limit": "9"}
    assert visitor.post(configured, **allowed, allowed_users=str(member.id)).status_code == 303

    trail = re.sub("<[^>]*>", "", visitor.get("/audit").text)

    assert f"Changed user Jo ({member.email})" in trail
    assert "is active: yes → no" in trail
    assert f"allowed users: none → {member.email}" in trail
    assert "configuration.limit: 5 → 9" in trail
    assert "[" not in trail
    assert str(member.id) not in trail.replace(member.email, "")
    for page in ("/", "/organisations/acme", "/modules/prices"):
        assert visitor.get(page).status_code == 200


def test_a_module_is_for_users_beyond_those_that_a_list_can_offer(visitor: Visitor, people: People, configured: str):
    organisation, last = people.organisation("acme"), people.member("acme", "viewer")
    assert "more_allowed_users" not in visitor.get(configured).text
    people.sql(
        "with added as (insert into users (organisation_id, name, role, is_active)"
        " select %s, 'A', 'viewer', true from generate_series(1, 220) returning organisation_id, id)"
        " insert into logins (email, organisation_id, user_id, password_hash)"
        " select 'a-' || id || '@acme.example', organisation_id, id, '' from added",
        organisation,
    )
    shown = visitor.get(configured)
    assert "The list has the first 200 by e-mail address." in shown.text
    assert last.email not in shown.text
    form = {"version": version_on(shown), "configuration.limit": "5"}

    unknown = visitor.post(configured, **form, more_allowed_users=f"{last.email}, nobody@acme.example")
    saved = visitor.post(configured, **form, more_allowed_users=last.email.upper())

    assert unknown.status_code == 422
    assert "nobody of Acme has the e-mail address nobody@acme.example" in unknown.text
    assert f"{last.email}, nobody@acme.example" in unknown.text
    assert saved.status_code == 303
    assert people.sql("select allowed_users from organisation_modules") == [([last.id],)]
    assert f'<option value="{last.id}" selected>Somebody, {last.email}</option>' in visitor.get(configured).text


def test_a_module_that_does_not_hold_is_not_shown_as_if_it_did(visitor: Visitor, people: People, configured: str):
    assert ">refused<" not in visitor.get("/organisations/acme").text
    people.sql("update analytics_modules set minimum_plan = 'enterprise'")

    assert ">refused<" in visitor.get("/organisations/acme").text
    assert visitor.get(configured).status_code == 200
    assert visitor.post(f"{configured}/switch", is_enabled="false").status_code == 303
    refused = visitor.post(f"{configured}/switch", is_enabled="true")
    assert refused.status_code == 422
    assert 'role="alert"' in refused.text.partition('id="modules"')[2].partition("<table")[0]


def test_what_was_saved_too_deep_keeps_no_page_from_being_drawn(visitor: Visitor, people: People, configured: str):
    deep = '{"a": ' + "[" * 600 + "]" * 600 + "}"
    people.sql("update analytics_modules set default_configuration = %s", deep)
    people.sql("update audit_events set before = '{}', after = jsonb_build_object('configuration', %s::jsonb)", deep)

    for path in ("/audit", "/", "/modules", "/modules/prices", "/organisations/acme", configured):
        assert visitor.get(path).status_code == 200, path


def test_other_settings_that_nest_too_deep_are_told_beside_what_was_typed(
    visitor: Visitor, people: People, configured: str
):
    people.sql("update analytics_modules set configuration_schema = null")
    for text in ('{"x": ' + "[" * 40 + "]" * 40 + "}", '{"x": "\\u0000"}', '{"x": "\\ud800"}', '{"x": 1e999}'):
        answer = visitor.post(configured, **{"configuration.other settings": text})

        assert answer.status_code == 422
        assert text in html.unescape(answer.text)
    assert people.sql("select configuration from organisation_modules") == [({"limit": 5},)]


BAD_FORM_BODIES = (
    ("multipart/form-data; boundary=a", b"--a\r\nno head"),
    ("application/x-www-form-urlencoded", "&".join(f"f{n}=1" for n in range(1200)).encode()),
    ("application/x-www-form-urlencoded", b"email=" + b"x" * 1_100_000),
)


@pytest.mark.parametrize("path", ["/sign-in", "/invitation", "/sign-out", "/organisations"])
@pytest.mark.parametrize(("kind", "content"), BAD_FORM_BODIES, ids=["multipart", "fields", "size"])
def test_a_form_that_is_none_is_told_a_stranger_in_words(visitor: Visitor, path: str, kind: str, content: bytes):
    answer = visitor.client.post(path, content=content, headers=OWN | {"Content-Type": kind})

    assert answer.status_code in ((303,) if path == "/sign-out" else (400, 413))
    assert path == "/sign-out" or "text/html" in answer.headers["Content-Type"]


@pytest.mark.parametrize("email", ["a\0@b.c", "x" * 300, ""])
def test_an_address_that_is_none_is_told_in_words(visitor: Visitor, email: str):
    answer = visitor.post("/sign-in", email=email, password="something")

    assert answer.status_code == 422
    assert "Sign in to Interlock" in answer.text
    assert 'role="alert"' in answer.text


def test_a_live_search_without_a_session_takes_the_browser_to_sign_in(visitor: Visitor):
    answer = visitor.client.get("/feature-flags?search=new", headers={"HX-Request": "true"})

    assert answer.status_code == 401
    assert answer.headers["HX-Redirect"] == "/sign-in?next=/feature-flags%3Fsearch%3Dnew"
    assert "Location" not in answer.headers


@pytest.mark.parametrize("path", ["/search/organisations?organisation=a", "/search/users?organisation=acme&user=a"])
def test_what_a_form_offers_takes_nobody_away_from_the_form(visitor: Visitor, path: str):
    answer = visitor.client.get(path, headers={"HX-Request": "true"})

    assert answer.status_code == 401
    assert {"HX-Redirect", "Location"}.isdisjoint(answer.headers)


INVALID_FORMS = (
    (
        "/feature-flags/new-one",
        {"name": "Typed", "rollout": "7", "status": "active", "allowed_sectors": "62.01, no sector!"},
        "allowed sectors: a code has at most 32",
        ('value="Typed"', 'value="7"', "62.01, no sector!"),
    ),
    (
        "/feature-flags/new-one",
        {"name": "Typed", "rollout": "many", "status": "active"},
        "rollout: this has to be a number",
        ('value="Typed"',),
    ),
    (
        "/feature-flags/new-one/overrides",
        {"organisation": "nobody", "reason": "typed here", "days": "3", "is_enabled": "false"},
        "there is no organisation nobody",
        ('value="nobody"', 'value="typed here"', 'value="3"', 'value="false" selected'),
    ),
    (
        "/feature-flags/new-one/overrides",
        {"organisation": "acme", "reason": " ", "days": "3"},
        "reason: ",
        ('value="acme"', 'value="3"'),
    ),
    (
        "/organisations/acme/invitations",
        {"email": "TAKEN", "name": "Typed", "role": "admin"},
        "there is a user",
        ('value="Typed"', 'value="admin" selected'),
    ),
    (
        "/organisations/acme/invitations",
        {"email": "no address", "name": "Typed", "role": "admin"},
        "this is no e-mail address",
        ('value="no address"', 'value="Typed"'),
    ),
    (
        "/organisations/acme",
        {"name": "Typed", "sector_code": "no sector!", "plan": "enterprise", "requests_per_minute": "7"},
        "sector code: a code has at most 32",
        ('value="Typed"', 'value="no sector!"', "selected>enterprise", 'value="7"', 'name="is_active"> '),
    ),
    (
        "/organisations/acme",
        {"name": "Typed", "plan": "basic", "requests_per_minute": "0"},
        "requests per minute: it should be greater than or equal to 1",
        ('value="Typed"', 'value="0"'),
    ),
)


@pytest.mark.parametrize(("path", "form", "told", "kept"), INVALID_FORMS, ids=lambda each: str(each)[:40])
def test_an_invalid_form_is_drawn_again_with_what_was_typed(
    visitor: Visitor, people: People, path: str, form: dict[str, str], told: str, kept: tuple[str, ...]
):
    member = people.member("acme", "admin")
    visitor.sign_in(people.super_admin())
    visitor.post("/feature-flags", key="new-one", name="New one")
    if form.get("email") == "TAKEN":
        form = {**form, "email": member.email}
    if path == "/feature-flags/new-one":
        form = {**form, "version": version_of(visitor)}

    answer = visitor.post(path, **form)

    assert answer.status_code == 422
    drawn = re.split(f'method="post" action="{path}[#a-z]*"', answer.text)[1].partition("</form>")[0]
    assert 'role="alert"' in drawn
    assert told in drawn
    for each in kept:
        assert each in drawn
    assert answer.text.count('role="alert"') == 1


def test_of_an_archived_organisation_no_page_offers_to_change_anything(
    visitor: Visitor, people: People, configured: str
):
    people.member("acme", "viewer")
    invited = {"email": "jo@acme.example", "name": "Jo", "role": "viewer"}
    assert visitor.post("/organisations/acme/invitations", **invited).status_code == 200
    pages = ("/organisations/acme", "/users?organisation=acme", configured)
    of_acme = 'method="post" action="(/organisations/acme[^"]*)"|href="(/[^"]*/deactivate)"'
    before = [len(re.findall(of_acme, visitor.get(page).text)) for page in pages]

    visitor.post("/feature-flags", key="new-one", name="New one")
    visitor.post("/feature-flags/new-one/overrides", organisation="acme", is_enabled="true", reason="pilot")

    visitor.post("/organisations/acme/archive")
    ended = visitor.post("/feature-flags/new-one/overrides/delete", organisation="acme")
    assert ended.status_code == 422
    assert "acme is archived" in ended.text.partition('id="exception"')[2].partition("</form>")[0]
    shown = [visitor.get(page).text for page in pages]

    assert min(before) > 0
    assert re.findall(of_acme, shown[0]) == [("/organisations/acme/restore", "")]
    assert re.findall(of_acme, shown[1]) == []
    assert "<fieldset disabled>" in shown[2]
    assert "<button" not in shown[2].partition("<fieldset")[2]
    for text in shown:
        assert 'Nothing of it can be changed before it is <a href="/organisations/acme">restored</a>' in text


@pytest.mark.parametrize("change", [{"role": "viewer"}, {"is_active": "false"}])
def test_a_user_who_cannot_be_changed_so_is_told_in_the_list_that_was_looked_at(
    visitor: Visitor, people: People, change: dict[str, str]
):
    member = people.member("acme", "admin")
    visitor.sign_in(people.super_admin())
    path = f"/organisations/acme/users/{member.id}?search=SOMEBODY"

    refused = visitor.post(path, **change)
    people.member("acme", "admin")
    done = visitor.post(path, **change)

    seen = re.search('name="version" value="([^"]*)"', refused.text.partition(f'id="user-{member.id}"')[2])
    assert seen
    late = visitor.post(path, **change, version=seen[1])
    assert late.status_code == 412
    assert "Somebody has changed this user meanwhile" in late.text
    assert refused.status_code == 422
    row = refused.text.partition(f'id="user-{member.id}"')[2].partition("</section>")[0]
    assert f'value="{change.get("role", "admin")}" selected' in row
    assert "nobody else who is active administers acme" in row
    assert refused.text.count('role="alert"') == 1
    assert 'name="search" value="SOMEBODY"' in refused.text
    assert done.headers["Location"] == "/users?organisation=acme&search=SOMEBODY"


@pytest.mark.parametrize("text", ["\0", "a\0b"])
def test_no_key_is_made_of_nul(visitor: Visitor, people: People, text: str):
    visitor.sign_in(people.super_admin())
    visitor.post("/feature-flags", key="new-one", name="New one")

    answers = [
        visitor.post("/feature-flags/-/archive", chosen=text),
        visitor.post("/feature-flags/-/unarchive", chosen=text),
        visitor.get(f"/feature-flags/new-one?organisation={text.replace(chr(0), '%00')}"),
        visitor.get(f"/users?organisation={text.replace(chr(0), '%00')}"),
    ]

    assert [answer.status_code for answer in answers] == [422, 422, 422, 404]


def test_the_link_of_an_invitation_leads_nowhere_else_whatever_the_host_header_says(visitor: Visitor, people: People):
    visitor.sign_in(people.member("acme", "admin"))
    session = {"Cookie": f"interlock_session={visitor.client.cookies['interlock_session']}"}

    invited = visitor.post(
        "/organisations/acme/invitations",
        headers=OWN | session | {"Host": "evil.example"},
        email="jo@acme.example",
        name="Jo",
        role="admin",
    )

    assert invited.status_code == 200
    assert 'value="/invitation?token=' in invited.text
    assert "evil" not in invited.text

import re
from html.parser import HTMLParser

import pytest
from tests.unit.report.builders import (
    HOSTILE,
    RECORDS,
    a_record,
    clear_with_applied_steps,
    stop_at_verify_before,
    stop_because_a_stage_is_silent,
    with_hostile_names,
)

from interlock.report.html import as_html
from interlock.report.legible import legible

VOID = {"meta", "link", "br", "hr", "img", "input", "use", "path", "circle", "rect"}


class Page(HTMLParser):
    """What a browser would make of a page: its elements, its texts, and whether every element is closed."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.open: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.texts).split())


@pytest.fixture(params=RECORDS)
def html(request: pytest.FixtureRequest) -> str:
    return as_html(RECORDS[request.param]())


def test_every_element_is_closed(html: str):
    assert Page(html).open == []


def test_nothing_is_loaded_and_nothing_runs(html: str):
    page = Page(html)

    attributes = [(name, value) for _, attributes in page.elements for name, value in attributes.items()]
    assert not page.all("script")
    assert not [name for name, _ in attributes if name.startswith("on")]
    assert all(value.startswith("#") for name, value in attributes if name in {"href", "src", "action", "srcset"})
    assert "url(" not in html
    assert "@import" not in html
    assert not re.search(r"https?:", html)


def test_a_browser_is_told_to_load_and_run_nothing(html: str):
    policies = [meta["content"] for meta in Page(html).all("meta") if meta.get("http-equiv")]

    assert policies == ["default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"]


def test_the_page_has_a_language_landmarks_and_one_heading(html: str):
    page = Page(html)

    assert page.all("html") == [{"lang": "en"}]
    assert [len(page.all(tag)) for tag in ("header", "main", "footer", "h1")] == [1, 1, 1, 1]


def test_every_heading_of_a_table_has_a_scope(html: str):
    assert all("scope" in heading for heading in Page(html).all("th"))


def test_every_label_names_an_element_that_is_there(html: str):
    page = Page(html)

    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    named = [attributes["aria-labelledby"] for _, attributes in page.elements if "aria-labelledby" in attributes]
    used = [attributes["href"].removeprefix("#") for attributes in page.all("use")]
    assert len(ids) == len(set(ids))
    assert {*named, *used} <= set(ids)


def test_the_same_record_gives_the_same_page(html: str):
    assert html in {as_html(build()) for build in RECORDS.values()}


def test_the_title_says_the_verdict():
    assert "<title>CLEAR \N{EN DASH} release of shop on db.example.org</title>" in as_html(a_record())


def test_the_verdict_is_a_word_and_a_shape():
    html = as_html(stop_at_verify_before())

    assert '<h1 id="verdict">STOP</h1>' in html
    assert '<section class="verdict stop"' in html


def test_hostile_names_are_shown_and_not_obeyed():
    page = Page(as_html(with_hostile_names()))

    assert not page.all("script")
    assert " ".join(legible(HOSTILE).split()) in page.text


def test_a_mended_page_shows_both_answers():
    assert "500 → 200 proved before: 500, expected 200" in Page(as_html(clear_with_applied_steps())).text


def test_the_drift_shows_both_sides_and_the_maker():
    text = Page(as_html(stop_at_verify_before())).text

    assert "column public.invoices.total type numeric(12,2) nullable no default none type double precision" in text
    assert "table public.analytics_modules table not there by 0006 STOP" in text
    assert "The database claims 0006, but its schema is that of 0005." in text


def test_a_check_that_did_not_report_is_on_the_timeline():
    assert 'class="silent"' in as_html(stop_because_a_stage_is_silent())


def test_bars_stay_on_their_track(html: str):
    bars = re.findall(r'<b style="left:([\d.]+)%;width:([\d.]+)%">', html)

    assert bars
    assert all(float(left) + float(width) <= 100.02 for left, width in bars)

"""The HTML report as a real Chromium shows it: on a wide and on a narrow screen, light and dark, on paper."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from interlock.report.html import as_html
from tests.chromium import CHROMIUM, SCREENS, WHY_NOT, run_chromium
from tests.unit.report.builders import clear_with_applied_steps, stop_half_way

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason=WHY_NOT)

RECORDS = {"STOP": stop_half_way, "CLEAR": clear_with_applied_steps}


@dataclass
class Opened:
    """A report in a page, and what the page did besides being shown."""

    page: Page
    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with run_chromium() as running:
        yield running


@pytest.fixture(params=RECORDS)
def word(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def report(word: str, tmp_path: Path) -> Path:
    file = tmp_path / "report.html"
    file.write_text(as_html(RECORDS[word]()), encoding="utf-8")
    return file


def open_report(browser: Browser, report: Path, screen: str = "wide", colours: str = "light") -> Opened:
    width, height = SCREENS[screen]
    page = browser.new_page(viewport={"width": width, "height": height}, color_scheme=colours)
    opened = Opened(page)
    page.on("console", lambda message: opened.complaints.append(message.text))
    page.on("pageerror", lambda error: opened.complaints.append(str(error)))
    page.on("request", lambda request: opened.requests.append(request.url))
    page.goto(report.as_uri(), wait_until="load")
    return opened


@pytest.mark.parametrize("colours", ["light", "dark"])
@pytest.mark.parametrize("screen", SCREENS)
def test_the_verdict_is_in_the_first_screen_and_nothing_is_cut(
    browser: Browser, report: Path, word: str, screen: str, colours: str
):
    opened = open_report(browser, report, screen, colours)
    page = opened.page

    verdict = page.get_by_text(word, exact=True).first.bounding_box()
    scrolls = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    page.screenshot(path=report.with_name(f"{word}-{screen}-{colours}.png"), full_page=True)
    page.close()

    width, height = SCREENS[screen]
    assert verdict is not None
    assert verdict["x"] >= 0
    assert verdict["x"] + verdict["width"] <= width
    assert verdict["y"] + verdict["height"] <= height
    assert scrolls == 0
    assert opened.complaints == []
    assert opened.requests == [report.as_uri()]


def test_dark_is_dark_and_light_is_light(browser: Browser, report: Path):
    def brightness(colours: str) -> int:
        page = open_report(browser, report, colours=colours).page
        colour = page.evaluate("getComputedStyle(document.body).backgroundColor")
        if colour == "rgba(0, 0, 0, 0)":
            colour = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
        page.close()
        return sum(int(part) for part in colour.removeprefix("rgb(").removesuffix(")").split(","))

    assert brightness("light") > 600
    assert brightness("dark") < 200


def test_it_prints(browser: Browser, report: Path):
    page = open_report(browser, report).page

    paper = page.pdf(format="A4")
    page.close()

    assert paper.startswith(b"%PDF-")
    assert len(paper) > 10_000

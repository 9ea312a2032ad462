"""Debian's Chromium, for the tests that look at pages."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, sync_playwright

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
WHY_NOT = "Chromium is not installed (Debian: apt install chromium)"
# Chromium is not to phone home, so that a request is the page's own.
_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
SCREENS = {"wide": (1440, 900), "narrow": (390, 844)}


@contextmanager
def run_chromium() -> Iterator[Browser]:
    """Start a browser, and end it."""
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=CHROMIUM, args=_FLAGS)
        yield running
        running.close()

"""The status page and the letter in a real browser: nothing runs, nothing is fetched, nothing sticks out of a phone."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from aiohttp.test_utils import TestServer
from pages import HACKERNEWS, page, post
from playwright.async_api import Browser, ConsoleMessage, Page, Request, async_playwright

from alerts.digest.gather import gather
from alerts.digest.sending import letter_from
from listener.config import load
from listener.dashboard.app import make_app
from listener.station import Station, open_station
from storage.calendar import Window

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = [
    pytest.mark.server,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine (apt install chromium)"),
]

MONDAY = 1_789_948_800
NOW = MONDAY + 8 * 86_400
HOSTILE = (
    "<script>document.title = 'taken'</script><img src='http://127.0.0.1:9/spy.png' onerror='document.title=1'>",
    "A" * 100_000,
    "\u202egnp.exe\u202c \u0627\u0644\u062e\u062f\u0645\u0629 \u0633\u064a\u0626\u0629 \U0001f469\u200d\U0001f4bb",
    "word " * 3_000,
)
CONFIG = """timezone: UTC
brands:
  - {name: Acme, own: true}
  - {name: "A competitor whose name is longer than anybody would think of giving to a company"}
sources: {hackernews: {}}
"""
# Chromium asks for updates and translations of its own otherwise; we count every request.
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as driver:
        chromium = await driver.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield chromium
        await chromium.close()


@pytest.fixture
async def station(tmp_path: Path) -> AsyncIterator[Station]:
    file = tmp_path / "config.yaml"
    file.write_text(CONFIG, encoding="utf-8")
    async with open_station(load(file, {}), lambda: NOW) as opened:
        yield opened


async def keep_hostile(station: Station) -> None:
    posts = [
        post(f"{n}", MONDAY + 3600 + n, "negative", text=text, author=text[:2_000], url="javascript:alert(1)")
        for n, text in enumerate(HOSTILE)
    ]
    kept = page(posts, (MONDAY - 14 * 86_400, NOW), source=HACKERNEWS)
    await station.writer.store(lambda store: store.commit(kept))


async def opened(browser: Browser, width: int, scheme: Any) -> tuple[Page, list[str], list[str]]:
    """A page of that width, with the requests it makes and what its console complains of."""
    context = await browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    tab = await context.new_page()
    asked: list[str] = []
    said: list[str] = []

    def note_request(request: Request) -> None:
        asked.append(request.url)

    def note_message(message: ConsoleMessage) -> None:
        # A browser asks every site for an icon; that this one has none is no fault of the page.
        if message.type in ("error", "warning") and "favicon" not in message.location.get("url", ""):
            said.append(message.text)

    tab.on("request", note_request)
    tab.on("console", note_message)
    return tab, asked, said


async def check(tab: Page, width: int) -> None:
    assert await tab.evaluate("document.documentElement.scrollWidth") <= width
    assert await tab.evaluate("document.querySelectorAll('script, iframe, object, form').length") == 0
    # Ink on paper, and readable: the colours differ in both schemes.
    ink, paper = await tab.evaluate(
        "[getComputedStyle(document.body).color, getComputedStyle(document.body).backgroundColor]"
    )
    assert ink != paper


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
async def test_the_status_page(station: Station, browser: Browser, width: int, scheme: str) -> None:
    await keep_hostile(station)
    async with TestServer(make_app(station), host="127.0.0.1") as server:
        tab, asked, said = await opened(browser, width, scheme)
        home = str(server.make_url("/"))
        await tab.goto(home)
        await check(tab, width)
        assert await tab.title() == "Listener: ok"
        assert await tab.locator(".mentions li").count() == len(HOSTILE)
        assert await tab.locator(".mentions a").count() == 0
        assert {url for url in asked if not url.startswith(home)} == set()
        assert said == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 700])
async def test_the_letter(
    station: Station, browser: Browser, tmp_path: Path, width: int, scheme: str
) -> None:
    await keep_hostile(station)
    week = Window(MONDAY, MONDAY + 7 * 86_400)
    zone = ZoneInfo("UTC")
    facts = gather(station.reader, station.config.brands, week, zone, NOW, NOW + 86_400, None)
    file = tmp_path / "letter.html"
    file.write_text(letter_from(facts, station.reader, zone, "k").html, encoding="utf-8")
    tab, asked, said = await opened(browser, width, scheme)
    await tab.goto(file.as_uri())
    await check(tab, width)
    assert asked == [file.as_uri()]
    assert said == []
    assert "taken" not in await tab.title()

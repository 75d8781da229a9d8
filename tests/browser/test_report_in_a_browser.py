"""A report in a real browser: nothing runs, nothing is fetched, nothing sticks out, one chart of each pair shows."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from playwright.async_api import ConsoleMessage, Request, async_playwright

from alerts.goals import Goal
from alerts.report.compose import compose
from alerts.report.gather import Wanted, gather
from alerts.report.render import as_html
from sentiment.tone import Tone
from storage.calendar import Window
from storage.desk import annotations as notes
from storage.desk import campaigns
from storage.desk.campaigns import Campaign
from storage.kpi import Ask
from storage.mention import Brand, Heard, Kept, KeptPost, Mention, Source
from storage.sqlite import SqliteStore

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = [
    pytest.mark.server,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine (apt install chromium)"),
]

DAY = 86_400
MONDAY = 1_793_577_600
LONG = "A competitor whose name is longer than anybody would think of giving to a company of any kind"
HOSTILE = "<script>document.title = 'taken'</script><img src='http://127.0.0.1:9/spy.png'>" + "A" * 400
BRANDS = (Brand("Acme", own=True), Brand(LONG), *(Brand(f"Brand {n}") for n in range(6)))


def page(folder: Path) -> str:
    store = SqliteStore(folder / "listener.db")
    tone = Tone("neutral", 0.1, 0.8, 0.1, engine="raw-1")
    posts = [
        KeptPost(
            f"{brand.name}{n}", "x", MONDAY + n * 40_000, MONDAY, mentions=(Mention(brand.name, tone=tone),)
        )
        for brand in BRANDS
        for n in range(40)
    ]
    store.commit(Kept(Source(HOSTILE, "feeds"), posts, None, Heard(MONDAY, MONDAY + 17 * DAY), True))
    with store.writing() as db:
        for day in range(3, 9):
            notes.add(db, date(2026, 11, day), HOSTILE, brand=None, by=None, now=1)
        campaigns.add(db, Campaign(HOSTILE, MONDAY, MONDAY + 5 * DAY, None, None, 1, None))
    goal = Goal(
        HOSTILE, "mentions", "Acme", 1e9, date(2027, 2, 8), HOSTILE, date(2026, 11, 2), date(2026, 11, 9)
    )
    kpis = ("mentions", "share_of_voice", "net_sentiment", "first_response_time")
    ask = Ask(Window(MONDAY, MONDAY + 28 * DAY), MONDAY + 29 * DAY, ZoneInfo("UTC"), BRANDS)
    text = as_html(compose(gather(store, (goal,), Wanted(kpis, ask, title="Report"))))
    store.close()
    return text


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
async def test_the_report(tmp_path: Path, width: int, scheme: Any) -> None:
    file = tmp_path / "report.html"
    file.write_text(page(tmp_path), encoding="utf-8")
    asked: list[str] = []
    said: list[str] = []

    def note_request(request: Request) -> None:
        asked.append(request.url)

    def note_message(message: ConsoleMessage) -> None:
        said.append(message.text)

    async with async_playwright() as driver:
        browser = await driver.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
        )
        context = await browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
        tab = await context.new_page()
        tab.on("request", note_request)
        tab.on("console", note_message)
        await tab.goto(file.as_uri())
        assert await tab.evaluate("document.documentElement.scrollWidth") <= width
        assert (
            await tab.evaluate("document.querySelectorAll('script, iframe, object, form, img').length") == 0
        )
        assert "taken" not in await tab.title()
        shown = await tab.evaluate(
            "[...document.querySelectorAll('svg')].filter(e => e.getBoundingClientRect().width > 0).length"
        )
        # Eight brands on two charts, each drawn for wide and for narrow screens; no chart where there is no value.
        assert shown == 3 * 2
        assert await tab.evaluate("document.querySelectorAll('svg').length") == 2 * shown
        over = await tab.evaluate(
            "[...document.querySelectorAll('svg')].some(e => e.getBoundingClientRect().right > innerWidth)"
        )
        assert not over
        ink, paper = await tab.evaluate(
            "[getComputedStyle(document.body).color, getComputedStyle(document.body).backgroundColor]"
        )
        assert ink != paper
        await browser.close()
    assert asked == [file.as_uri()]
    assert said == []

"""An alert and a letter through a real mail server into a real browser: light, dark, on a phone, right to left.

The pictures are left in build/pictures, to be looked at.
"""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

import pytest
import pytest_asyncio
import sample_letters
from playwright.async_api import Browser, Page, Request, async_playwright
from real_maildev import AXE, INSTALLED, Maildev
from sample_messages import HOSTILE, hostile

from alerts.channels.email import Options, build
from alerts.charts.pictures import png
from alerts.charts.spark import Spark, Spot, spark_chart
from alerts.digest.compose import compose
from alerts.digest.render import letter
from alerts.digest.wording import Known
from alerts.language import Language
from alerts.message import Chart, Fact, Letter, Message, Quote
from alerts.transport import Transport

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = [
    pytest.mark.server,
    # One browser serves all of them.
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine (apt install chromium)"),
    pytest.mark.skipif(
        not INSTALLED, reason="no maildev (make servers; node and the npm registry are needed)"
    ),
]
PICTURES = Path(__file__).parents[3] / "build" / "pictures"
BEGAN = 1_794_430_800
LOOKS: tuple[tuple[Literal["light", "dark"], int], ...] = (
    ("light", 800),
    ("dark", 800),
    ("light", 390),
    ("dark", 390),
)
SEEN = {"resolved": LOOKS[-1:], "letter-persian": LOOKS[1:3]}


def chart(code: str, name: str) -> Chart:
    counts = (4, 6, 5, 3, 4, None, 5, 7, 4, 6, 5, 21)
    hours = [(BEGAN + n * 3_600, BEGAN + (n + 1) * 3_600) for n in range(len(counts))]
    spots = tuple(Spot(a, b, count, 2, 9) for (a, b), count in zip(hours, counts, strict=True))
    language = Language.of(code)
    spark = Spark("c", name, spots, ZoneInfo("Europe/Madrid"), language, BEGAN + 12 * 3_600)
    # Not as wide as it is shown: on a phone its words would be too small to read.
    made = spark_chart(spark, width=420, alone=True)
    return Chart(made.alt, tuple(counts), png(made.svg, 420, 3), dark=png(made.svg, 420, 3, dark=True))


def alert(**changes: object) -> Message:
    made = replace(
        sample_letters.alert(),
        severity="critical",
        summary="The negative share of Nordlicht over the last hour is 46.3 %, above 40.0 %. At this hour of the "
        "week it is usually between 12 and 21 %.",
        facts=(
            Fact("Rule", "angry: negative share > 40.0 %"),
            Fact("Now", "46.3 % (n = 54)"),
            Fact("Usually", "12 to 21 % at this hour of the week"),
            Fact("Window", "Thu 12 Nov, 13:15 to 14:15"),
            Fact("Heard", "news (92 %), and 5 others throughout"),
        ),
        chart=chart("en", "Mentions of Nordlicht per hour"),
        footer="Resolves when the value is no longer above 40.0 % with at least 20 to judge by. The same rule stays "
        "silent for 6h after it fired.",
    )
    made = replace(made, quotes=made.quotes[:3])
    return replace(made, **changes)  # type: ignore[arg-type]


def persian() -> Message:
    said = "چراغ تازه از به‌روزرسانی چشمک می‌زند. پشتیبانی جواب نمی‌دهد."
    quotes = (
        Quote(said, "مریم", "mastodon", "https://m.example/1", "2026-11-12T14:03:00+01:00", "negative"),
        Quote(
            "It flickers, all three of them.", "ada", "hackernews", None, "2026-11-12T14:05:00+01:00", None
        ),
    )
    return alert(
        key="fa",
        language="fa",
        title="نوردلیخت: سهم منفی ۴۶٫۳٪",
        summary="سهم منفی نوردلیخت در یک ساعت گذشته ۴۶٫۳٪ است، بالاتر از ۴۰٪.",
        facts=(Fact("اکنون", "۴۶٫۳٪ (از ۵۴)"), Fact("معمولاً", "۱۲ تا ۲۱٪ در این ساعت هفته")),
        quotes=quotes,
        chart=chart("fa", "اشاره‌ها به نوردلیخت در ساعت"),
        footer="وقتی پایان می‌یابد که مقدار دیگر بالاتر از ۴۰٪ نباشد.",
    )


def weekly(name: str = "full") -> Letter:
    facts, quotes = sample_letters.SAMPLES[name]
    known = Known(quotes(), sample_letters.AUTHORS)
    return letter(compose(facts(), known), quotes(), f"digest:{name}")


@pytest.fixture(scope="module")
def maildev(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Maildev]:
    running = Maildev(tmp_path_factory.mktemp("maildev"))
    running.start()
    yield running
    running.stop()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as driver:
        chromium = await driver.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        yield chromium
        await chromium.close()


async def mailed(maildev: Maildev, item: Message | Letter) -> dict[str, Any]:
    """Send by our channel; the mail as the server read it."""
    options = Options.model_validate(
        {
            "host": "127.0.0.1",
            "port": maildev.smtp,
            "from": "Listener <l@example.com>",
            "to": ["t@example.com"],
        }
    )
    async with Transport() as transport:
        await build(options, transport).send(item)
    return next(one for one in maildev.mails() if one["headers"]["x-listener-key"] == item.key)


@pytest.mark.parametrize("name", ["alert", "resolved", "persian", "letter", "letter-persian"])
async def test_a_mail_as_people_see_it(maildev: Maildev, browser: Browser, name: str) -> None:
    made: dict[str, Message | Letter] = {
        "alert": alert(),
        "resolved": alert(
            key="over", kind="resolved", title="Nordlicht: negative share back at 12.0 %", quotes=()
        ),
        "persian": persian(),
        "letter": weekly("rich"),
        "letter-persian": weekly("persian"),
    }
    mail = await mailed(maildev, made[name])
    assert mail["text"].strip() and mail["headers"]["list-unsubscribe"]
    assert len(mail["html"].encode()) < 100_000
    asked: list[str] = []

    def note(request: Request) -> None:
        asked.append(request.url)

    PICTURES.mkdir(parents=True, exist_ok=True)
    for scheme, width in SEEN.get(name, LOOKS):
        page = await browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
        page.on("request", note)
        await page.goto(maildev.page(mail))
        await page.screenshot(path=PICTURES / f"{name}-{scheme}-{width}.png", full_page=True)
        await _looks_right(page, scheme, width, name)
        await page.close()
    assert {url.split("/")[2] for url in asked} == {f"127.0.0.1:{maildev.web}"}, (
        "nothing is loaded from elsewhere"
    )


async def _looks_right(page: Page, scheme: str, width: int, name: str) -> None:
    assert await page.evaluate("document.documentElement.scrollWidth") <= width
    broken = await page.evaluate(
        "[...document.images].filter(i => !i.complete || !i.naturalWidth || !i.alt).length"
    )
    assert broken == 0
    if name != "resolved":
        shown = "[...document.images].filter(i => i.offsetWidth && i.offsetHeight).map(i => i.className)"
        charts = await page.evaluate("document.images.length") // 2
        assert charts
        assert await page.evaluate(shown) == ["by-night" if scheme == "dark" else "by-day"] * charts
    light = await page.evaluate(_LIGHTNESS)
    assert all(one < 0.2 for one in light) if scheme == "dark" else all(one > 0.8 for one in light), light
    assert await page.evaluate("document.dir") == ("rtl" if name.endswith("persian") else "ltr")
    await page.add_script_tag(path=AXE)
    faults = await page.evaluate(
        "axe.run({runOnly: ['color-contrast', 'image-alt', 'html-has-lang', 'link-name', 'document-title']})"
        ".then(found => found.violations.map(v => [v.id, v.nodes.map(n => n.html.slice(0, 150))]))"
    )
    assert faults == []


_LIGHTNESS = """[document.body, document.querySelector('.card')].map(e => {
  const [r, g, b] = getComputedStyle(e).backgroundColor.match(/[0-9.]+/g).map(Number);
  return (0.2126 * r + 0.7152 * g + 0.0722 * b) / 255;
})"""


async def test_what_strangers_write_runs_and_breaks_nothing(maildev: Maildev, browser: Browser) -> None:
    mail = await mailed(maildev, replace(hostile(HOSTILE + "A" * 3_000), kind="fired"))
    page = await browser.new_page(viewport={"width": 390, "height": 900})
    await page.goto(maildev.page(mail))
    assert await page.evaluate("document.documentElement.scrollWidth") <= 390
    assert await page.evaluate("document.scripts.length") == 0
    assert len(mail["html"].encode()) < 100_000
    assert mail["to"] == [{"address": "t@example.com", "name": ""}]

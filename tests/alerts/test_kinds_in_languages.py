"""Every kind of rule in every language: what fired is said whole, by one language, and harmless on each channel."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pages import ACME, BOLT, HACKERNEWS, page, post
from slack_judge import assert_accepted
from spoken import languages_heard, latin_words, raw_places

from alerts import judging, render, small_chart
from alerts.channels.slack import payload
from alerts.goals import Goal
from alerts.language import LANGUAGES, Language
from alerts.message import Message
from alerts.rules import Look, Rule, RuleOptions
from alerts.telling import to_send
from storage import baselines, outbox, polling
from storage.baselines import Baseline
from storage.mention import Brand, KeptPost, Source
from storage.outbox import OutboxRow
from storage.sqlite import SqliteStore

UTC = ZoneInfo("UTC")
NOW = 1_790_000_000
HOUR = 3600
DAY = 24 * HOUR
WEEK = 7 * DAY
UMBER = Brand("Umber", own=True, market="lamps")
BRANDS = (ACME, BOLT, UMBER)
REDDIT = Source("reddit", "reddit")
HOSTILE = "<!channel> @here <b>bold</b> *x* `y` {0.__class__} {brand} & \x1b[31mred\x07 \u202eover\r\nBcc: x@y.example"

RULES = {
    "threshold": ("negative_share > 40%", "Acme"),
    "rises": ("mentions rises by 50%", "Acme"),
    "points": ("negative_share rises by 10 points", "Acme"),
    "falls": ("mentions falls by 50% on last week", "Umber"),
    "silence": ("no mentions for 12h", "Umber"),
    "author": ("new author with 10000 followers", "Acme"),
    "tongue": ("new language", "Acme"),
    "waits": ("unanswered for 10m", "Acme"),
    "goals": ("any goal at risk", "Acme"),
    "rival": ("share_of_voice overtaken", "Acme"),
    "story": ("story with 2 posts", "Acme"),
    "wide": ("story by 2 publishers", "Acme"),
    "odd": ("anomaly", "Acme"),
    "deaf": ("source down for 1h", "Acme"),
}
FIRED = {
    **dict.fromkeys(RULES, 1),
    # One that is behind and one that was missed; more and fewer mentions, and a share.
    "goals": 2,
    "odd": 3,
}
ONCE = ["author", "tongue", "story", "wide"]
"""What is told once neither ends nor goes on."""


def words(hostile: bool) -> dict[str, str]:
    """Names of goals are the operator's own: they have markup and braces, but hide nothing."""
    named = HOSTILE.splitlines()[0] if hostile else ""
    return {"text": HOSTILE if hostile else "", "name": named or "voice", "owner": named or "ana"}


def goals(said: dict[str, str]) -> tuple[Goal, ...]:
    july = (date(2026, 7, 1), date(2026, 8, 1))
    return (
        Goal(said["name"], "mentions", "Acme", 100.0, date(2026, 12, 1), said["owner"], *july),
        Goal("late", "mentions", "Acme", 100.0, date(2026, 9, 1), said["owner"], *july),
    )


def heard(text: str) -> list[KeptPost]:
    """What makes each kind fire."""
    lamps = [post(f"u{n}", NOW - WEEK - 60 - n, brands=("Umber",)) for n in range(40)]
    before = [post(f"b{n}", NOW - HOUR - 60 - n, text=text or None) for n in range(20)]
    cross = [
        post(f"c{n}", NOW - 60 - n, "negative", text=text or None, author=text or "bo") for n in range(40)
    ]
    rival = [post(f"r{n}", NOW - 60 - n, brands=("Bolt",)) for n in range(150)]
    goal = [post(f"g{n}", NOW - 45 * DAY - n) for n in range(3)]
    copied = f"{text} Acme hat heute den ganzen Vormittag lang keine einzige Bestellung mehr angenommen"
    new = [
        replace(
            post(
                f"s{n}",
                NOW - 1800 - n,
                text=copied,
                author=f"{text}ana{n}",
                addressed=True,
                url=f"https://p{n}.example/{n}",
            ),
            language="de",
            followers=50 if n else 20_000,
        )
        for n in range(3)
    ]
    return [*lamps, *before, *cross, *rival, *goal, *new]


def unusual(series: str) -> Baseline:
    """As the daemon leaves it behind; what it learns is judged in test_heeding.py."""
    share = "share" in series
    points = [[NOW - 900 * n, 0.2 if share else 4.0, 0.1, 9.0] for n in range(8, 0, -1)]
    newest = {
        "state": "surprising",
        "start": NOW - 900,
        "until": NOW,
        "observed": 0.9 if share else 150.0,
        "expected": 0.2 if share else 20.0,
        "low": 0.1 if share else 12.0,
        "high": 0.3 if share else 31.0,
        "span": HOUR,
        "score": 0.9,
        "surprise": 9.0,
        "alarms": [NOW - 900],
        "live": True,
        "points": points,
    }
    known = {"enough": True, "threshold": 1.0, "expected_rate": 0.5, "measured_rate": 0.4}
    return Baseline("Acme", series, NOW, "x", {"newest": newest}, known, NOW)


def rows_of(store: SqliteStore, said: dict[str, str]) -> list[OutboxRow]:
    """The outbox rows of a day on which every kind fires."""
    store.register(BRANDS, [HACKERNEWS])
    store.commit(page(heard(said["text"]), (NOW - 100 * DAY, NOW)))
    with store.writing() as db:
        for series in ("volume.up", "volume.down", "negative_share.up"):
            baselines.put(db, unusual(series))
    for name, (when, brand) in RULES.items():
        if name == "deaf":
            store.register(BRANDS, [HACKERNEWS, REDDIT])
            with store.writing() as db:
                polling.failed(db, "reddit", NOW - 2 * HOUR, NOW + 60, "backing off", "no connection")
        options = RuleOptions.model_validate({"name": name, "when": when})
        look = Look(store, BRANDS, UTC, NOW, goals(said))
        found = judging.look(look, [Rule.of(options, brand)])
        with store.writing() as db:
            assert len(judging.write(db, found, NOW)) == FIRED[name], name
    rows = []
    with store.writing() as db:
        while row := outbox.claim(db, "console", NOW):
            rows.append(row)
    return rows


@pytest.fixture(scope="module", params=[False, True], ids=["plain", "hostile"])
def town(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[SqliteStore, list[OutboxRow], bool]]:
    """A store, all that fired there, and whether strangers wrote what they could to hurt us."""
    store = SqliteStore(tmp_path_factory.mktemp("kinds") / "listener.db")
    yield store, rows_of(store, words(request.param)), request.param
    store.close()


def variants(row: OutboxRow) -> Iterator[OutboxRow]:
    """It fired, fires still, is over, and is closed for too little data, when nothing is known of it but that."""
    yield row
    if row.numbers["rule"] in ONCE:
        return
    later = {**row.numbers, "at": NOW + DAY, "kind": "resolved"}
    yield replace(row, numbers={**row.numbers, "again": NOW + DAY})
    yield replace(row, numbers=later)
    kept = (
        "form",
        "when",
        "kpi",
        "op",
        "threshold",
        "unit",
        "over",
        "min_n",
        "since",
        "until",
        "rule",
        "brand",
    )
    kept += ("fired_at", "cooldown", "expire", "keep_firing", "tag", "severity", "subject", "at")
    known = {name: value for name, value in later.items() if name in kept}
    empty: dict[str, object] = {"value": None, "n": None, "heard": [], "left_out": [], "kind": "expired"}
    yield replace(row, numbers={**known, **empty})


@pytest.fixture(autouse=True)
def no_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """To paint them takes most of the time, and test_pictures.py judges them; what they say in words stays."""
    monkeypatch.setattr(small_chart, "_png", lambda svg, **_: b"png of " + svg.encode()[:9])


def said(store: SqliteStore, row: OutboxRow, code: str) -> Message:
    made = to_send(row, store, UTC, None, Language.of(code))
    assert isinstance(made, Message)
    return made


def read(message: Message) -> str:
    """All that a reader of any channel reads, but what strangers wrote and what the configuration says."""
    facts = [text for fact in message.facts for text in (fact.name, fact.value)]
    chart = [message.chart.alt] if message.chart else []
    return "\n".join([message.title, message.summary, message.footer, *facts, *chart])


@pytest.mark.parametrize("code", LANGUAGES)
def test_what_fired_is_said_whole_by_one_language_on_every_channel(
    town: tuple[SqliteStore, list[OutboxRow], bool], code: str
) -> None:
    store, rows, hostile = town
    assert {row.numbers["rule"] for row in rows} == set(RULES)
    for row in (one for fired in rows for one in variants(fired)):
        with languages_heard() as heard_of:
            message = said(store, row, code)
            sent: Any = payload(message)
            text, html = render.as_text(message), render.as_html(message)
        assert heard_of == {code}
        assert_accepted(sent)
        if hostile:
            harmless(sent, text, html)
            continue
        assert not raw_places(f"{read(message)}{text}{html}"), row.numbers["rule"]
        assert message.title and message.summary.endswith(".")
        assert bool(message.footer) == (row.numbers["kind"] == "fired")
        if code != "en":
            assert message.summary != said(store, row, "en").summary
        if code == "fa":
            # The rule itself is shown as it is typed.
            rule = str(row.numbers["rule"])
            reads = read(message).replace(f"{rule}: {row.numbers['when']}", "")
            known = f"{rule} Acme Bolt Umber hackernews reddit voice late ana de UTC"
            assert not latin_words(reads, known), rule


def harmless(sent: dict[str, Any], text: str, html: str) -> None:
    """Nobody is pinged, nothing is markup, no header begins, and what looks like a place of a phrase is none."""
    slack = json.dumps(sent, ensure_ascii=False)
    assert not re.search(r"<!|@here|@channel|\\u001b|\\u0007|\u202e", slack)
    assert "<b>" not in html and "\u202e" not in html and "\x1b" not in html
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f\u202a-\u202e]", text)
    assert not re.search(r"^Bcc:", text, re.MULTILINE)
    assert "<class" not in text


def test_what_strangers_wrote_is_quoted_as_they_wrote_it(
    town: tuple[SqliteStore, list[OutboxRow], bool],
) -> None:
    store, rows, hostile = town
    quoted = [render.as_text(said(store, row, "fa")) for row in rows]
    assert sum("{0.__class__} {brand}" in text for text in quoted) >= (8 if hostile else 0)
    assert any("Bestellung" in text for text in quoted)

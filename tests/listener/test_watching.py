"""Rules are judged when a commit says that their brand and hour changed, and what is new is looked for once."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from alerts import judging
from alerts.rules import Look, Rule
from listener import listening, watching
from listener.collectors.post import Edit, Page, Post
from listener.config import load
from listener.station import Changes, Station, open_station
from storage.mention import Heard, Kept, Source

NOW = 1_790_000_000
HOUR = 3600
SKY = Source("sky", "bluesky")
CONFIG = """
brands:
  - {name: Acme, own: true, market: kettles}
  - {name: Bolt, market: kettles}
  - {name: Quill, market: paper}
storage: {url: 'sqlite:///listener.db'}
alerts:
  rules:
    - {name: many, when: mentions >= 100, brand: [Acme, Bolt, Quill], over: 1h}
    - {name: voice, when: share_of_voice > 90%, brand: [Acme, Quill], over: 1h}
    - {name: week, when: mentions >= 100, brand: [Acme, Quill], over: 7d}
    - {name: face, when: new author with 1000 followers, brand: [Acme, Quill], over: 1h}
    - {name: odd, when: anomaly, brand: [Acme]}
"""


class Sky:
    """What `listening.keep` needs of a collector."""

    source = SKY
    streams = True
    poll = 60


def page(number: int, *posts: Post) -> Page:
    return Page(posts, {"at": number}, Heard(NOW - 100 + number, NOW - 99 + number))


def post(native_id: str, text: str, at: int = NOW, followers: int = 10) -> Post:
    return Post(native_id, text, at, author=f"author of {native_id}", followers=followers)


@pytest.fixture
async def station(tmp_path: Path) -> AsyncIterator[Station]:
    file = tmp_path / "config.yaml"
    file.write_text(CONFIG)
    async with open_station(load(file, {}), lambda: NOW) as opened:
        await opened.writer.store(lambda store: store.register(opened.config.brands, [SKY]))
        # Where nothing was heard yet, nobody is called new.
        week = Kept(SKY, [], heard=Heard(NOW - 8 * 24 * HOUR, NOW - 100))
        await opened.writer.store(lambda store: store.commit(week))
        yield opened


@pytest.fixture
def judged(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often each rule was judged for each brand."""
    counted: Counter[str] = Counter()
    look = judging.look

    def counting(seen: Look, rules: Any) -> Any:
        rules = list(rules)
        counted.update(f"{rule.name} {rule.brand}" for rule in rules)
        return look(seen, rules)

    monkeypatch.setattr(judging, "look", counting)
    return counted


async def commit(station: Station, changes: Changes, *posts: Post) -> None:
    """Keep a page, and judge what it concerns as the daemon does."""
    await listening.keep(station, Sky(), page(1, *posts))  # type: ignore[arg-type]
    changed = await changes.take(0)
    await watching.judge(station, watching.concerned(station, station.config.rules, changed))


async def test_a_rule_whose_brand_and_hour_did_not_change_is_not_judged(
    station: Station, judged: Counter[str]
) -> None:
    changes = Changes()
    station.watchers.append(changes)
    await commit(station, changes, post("1", "Quill is nice"))
    assert judged == {"many Quill": 1, "voice Quill": 1, "week Quill": 1, "face Quill": 1}
    judged.clear()
    # Of a market all shares move; what was learned is looked at each minute.
    await commit(station, changes, post("2", "Bolt is nice"))
    assert judged == {"many Bolt": 1, "voice Acme": 1}
    judged.clear()
    # Ten hours old: in no window of an hour, and in that of a week.
    await commit(station, changes, post("3", "Acme was nice", NOW - 10 * HOUR))
    assert judged == {"week Acme": 1}


async def test_what_counts_holds_up_nothing_that_is_seen_by_a_glance(station: Station) -> None:
    glances, counts = watching.lanes(station.config.rules)
    assert {rule.name for rule in glances} == {"face"}
    assert {rule.name for rule in counts} == {"many", "voice", "week", "odd"}


def named(station: Station, name: str) -> list[Rule]:
    return [rule for rule in station.config.rules if rule.name == name]


async def test_who_is_new_is_looked_for_among_what_came_since(station: Station) -> None:
    looked, faces = watching.Looked(), named(station, "face")
    await listening.keep(station, Sky(), page(1, post("1", "Acme", followers=5_000)))  # type: ignore[arg-type]
    first = await watching.judge(station, faces, looked)
    assert [(one.brand, one.numbers["value"]) for one in first] == [("Acme", 5_000)]
    await listening.keep(station, Sky(), page(2, post("2", "Quill", followers=7_000)))  # type: ignore[arg-type]
    second = await watching.judge(station, faces, looked)
    assert [(one.brand, one.numbers["value"]) for one in second] == [("Quill", 7_000)]
    newest = looked["face", "Quill"]
    assert newest == looked["face", "Acme"] > 0
    # What an edit makes new is of an older post: the look of the minute, at the whole window, tells it.
    await station.writer(lambda db: (db.run("DELETE FROM alert_states"), db.run("DELETE FROM alert_events")))
    assert await watching.judge(station, faces, looked) == []
    assert len(await watching.judge(station, faces)) == 2


async def test_of_more_than_one_look_may_tell_the_next_tells_the_rest(station: Station) -> None:
    looked, faces = watching.Looked(), named(station, "face")
    many = [post(str(n), "Acme", followers=5_000 + n) for n in range(judging.AT_ONCE + 3)]
    await listening.keep(station, Sky(), page(1, *many))  # type: ignore[arg-type]
    told = [len(await watching.judge(station, faces, looked)) for _ in range(3)]
    assert told == [judging.AT_ONCE, 3, 0]


async def test_an_edit_lets_what_was_counted_be_counted_anew(station: Station) -> None:
    minute = NOW // 60 * 60

    def counted() -> int:
        rows = station.recent.rows(station.reader, (1, 2, 3), minute, minute + 60, live_only=False)
        return sum(row[5] for row in rows)

    await listening.keep(station, Sky(), page(1, post("1", "Acme"), post("2", "Acme")))  # type: ignore[arg-type]
    assert counted() == 2
    edit = Page([Edit(post("1", "of nobody"))], {"at": 2}, Heard(NOW - 98, NOW - 97))
    await listening.keep(station, Sky(), edit)  # type: ignore[arg-type]
    assert counted() == 1

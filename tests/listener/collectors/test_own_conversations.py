"""A question that only notifications tell of and its answer in the brand's feed: together a measured response time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from bluesky_listening import NOW, US, listening
from bluesky_own_stub import OwnStub
from jetstream_stub import did

from listener.collectors.bluesky.place import Place
from listener.collectors.post import Page
from listener.hearing import Hearing
from listener.pipeline import Pipeline
from sentiment.tone import Text, Tone
from storage.calendar import Window
from storage.kpi import KPIS, Ask, KpiValue, compute
from storage.mention import Brand, Heard, Source
from storage.sqlite import SqliteStore

ACME, ANN = did(1), did(3)
BRANDS = (
    Brand("Acme", own=True, query="acme", handles={"bluesky": "acme.example"}),
    Brand("Bolt", query="bolt", handles={"bluesky": "bolt.example"}),
)
DAY = 86_400
HEARD_FROM = NOW - 1_000


class Mute:
    """An engine that leaves every tone open."""

    name = "mute"

    def judge(self, texts: Sequence[Text]) -> list[Tone]:
        return [Tone(None, None, None, None, engine=self.name, reason="unsure") for _ in texts]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    opened = SqliteStore(tmp_path / "listener.db")
    yield opened
    opened.close()


async def told(stub: OwnStub, pipeline: Pipeline) -> list[Page]:
    """What is read beside the stream at the first start, with a login."""
    ear = Hearing(BRANDS, pipeline.matcher).ear("bluesky")
    login = {"handle": "acme.example", "password": "pass", "service": stub.api}
    async with listening(stub, ear, login=login) as collector:  # type: ignore[arg-type]
        place = Place.of(None, NOW, (), 7 * DAY)
        await collector._accounts.learn_own()
        pages: list[Page] = []
        while found := await collector._own.news(place, NOW):
            pages += found
        return [*pages, Page((), place.cursor(), Heard(HEARD_FROM, NOW))]


async def test_a_question_from_notifications_and_an_answer_from_the_feed_are_a_response_time(
    store: SqliteStore,
) -> None:
    pipeline = Pipeline(BRANDS, Mute())  # type: ignore[arg-type]
    async with OwnStub() as stub:
        stub.clock_us = lambda: NOW * US
        stub.world.handles = {"acme.example": ACME, "ann.example": ANN, "bolt.example": did(2)}
        stub.world.followers = {ACME: 1000, did(2): 50}
        stub.world.passwords = {"acme.example": "pass"}
        launch = stub.world.write(ACME, "launch", NOW - 60 * DAY, "we launched")
        # It names no brand: only what it answers says to whom it speaks. The answer does not show it, for it was
        # written below the first post.
        question = stub.answer(ANN, "q", NOW - 9_000, "mine does not start", launch, launch)
        stub.answer(ACME, "a", NOW - 8_400, "hold the button", question, launch)
        stub.above.clear()
        stub.notify(question, "reply", launch)
        pages = await told(stub, pipeline)
    source = Source("bluesky", "bluesky", lateness=60)
    store.register(BRANDS, [source])
    for page in pages:
        store.commit(pipeline.keep(page, source, NOW))
    assert store.rows("SELECT count(*) FROM posts WHERE live = 1") == [(0,)]
    found = asked(store, "first_response_time")
    assert (found.value, found.n, found.more["answered_share"]) == (600, 1, 1.0)
    # The source was heard for as long as its stream was, and not a second more.
    assert store.rows("SELECT since, until FROM coverage") == [(HEARD_FROM, NOW)]
    assert asked(store, "followers").value == 1000
    assert asked(store, "followers", "Bolt").value == 50


def asked(store: SqliteStore, name: str, brand: str = "Acme") -> KpiValue:
    window = Window(NOW - 2 * DAY, NOW)
    (value,) = compute(store, [KPIS[name]], Ask(window, NOW, ZoneInfo("UTC"), BRANDS, only=(brand,)))
    return value

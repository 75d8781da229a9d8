"""A change of the tone engine marks the series, and no rule looks across it until history is judged again."""

from __future__ import annotations

from keeping import DAY, FORUM, NEWS, T0, post, tone, value, values

from storage import rejudging
from storage.kpi.engines import EngineChange
from storage.mention import Heard, Kept, Mention, Source
from storage.sqlite import SqliteStore

WINDOW = (T0, T0 + DAY)


def hear(
    store: SqliteStore, at: int, engine: str | None, *, source: Source = NEWS, language: str | None = None
) -> None:
    said = None if engine is None else tone("positive", engine=engine)
    one = post(f"{source.name} {at}", at, Mention("Acme", tone=said), language=language)
    store.commit(Kept(source, [one], heard=Heard(*WINDOW)))


def changes(store: SqliteStore, kpi: str = "positive_share", **ask: object) -> list[tuple[str, int]]:
    found = value(store, kpi, WINDOW, **ask)
    return [(change.engine, change.at - T0) for change in found.engine_changes]


def test_one_engine_changes_nothing(store: SqliteStore) -> None:
    hear(store, T0, "vader-1")
    hear(store, T0 + 9, "vader-1")
    hear(store, T0 + 10, None)
    assert changes(store) == []


def test_each_engine_after_the_first_is_told_with_its_first_mention(store: SqliteStore) -> None:
    for at, engine in ((0, "vader-1"), (50, "vader-2"), (60, "vader-1"), (70, "best-1"), (80, "vader-2")):
        hear(store, T0 + at, engine)
    assert changes(store) == [("vader-2", 50), ("best-1", 70)]
    for kpi in ("positive_mentions", "positive_growth", "negative_share", "net_sentiment"):
        assert len(changes(store, kpi)) == 2
    told = value(store, "positive_share", WINDOW).to_json()["engine_changes"]
    assert told == [
        {"engine": "vader-2", "at": "2023-11-15T00:00:50Z"},
        {"engine": "best-1", "at": "2023-11-15T00:01:10Z"},
    ]


def test_what_is_not_made_of_tones_has_no_such_break(store: SqliteStore) -> None:
    hear(store, T0, "vader-1")
    hear(store, T0 + 9, "vader-2")
    assert changes(store, "mentions") == []
    assert value(store, "mentions", WINDOW).to_json()["engine_changes"] == []


def test_it_lies_where_the_value_looks(store: SqliteStore) -> None:
    hear(store, T0 - 1, "vader-1")
    hear(store, T0, "vader-2", language="en")
    hear(store, T0 + 9, "vader-3", source=FORUM, language="en")
    hear(store, T0 + 10, "vader-2", source=FORUM)
    assert changes(store) == [("vader-3", 9)]
    by_source = values(store, "positive_share", WINDOW, by=("source",))
    assert {v.source: v.engine_changes for v in by_source} == {
        "news": (),
        "forum": (EngineChange("Acme", "vader-2", T0 + 10),),
    }
    by_language = values(store, "positive_share", WINDOW, by=("language",))
    assert {v.language: len(v.engine_changes) for v in by_language} == {"en": 1, None: 0}


def test_rules_wait_until_everything_has_been_judged_again(store: SqliteStore) -> None:
    hear(store, T0, "vader-1")
    hear(store, T0 + 9, "vader-1")
    hear(store, T0 + 20, "vader-2")
    with store.writing() as db:
        done = rejudging.begin(db, "vader-2", None, T0, T0 + DAY)
    reasons = []
    while page := rejudging.page(store, done, 1):
        found = value(store, "positive_share", WINDOW, strict=True)
        reasons.append(found.reason)
        with store.writing() as db:
            tones = {(one.id, "Acme"): tone("negative", engine="vader-2") for one in page}
            done = rejudging.write(db, done, page, tones)
    assert reasons == ["the tone engine changed", "the tone engine changed", None]
    assert changes(store) == []
    assert value(store, "negative_share", WINDOW, strict=True).more["raw_value"] == 1

"""How far chance moves what is counted: clustered by author, silent where nobody counted the authors."""

from __future__ import annotations

import pytest
from keeping import DAY, MADRID, NEWS, T0, UTC, keep, names, post

from storage.calendar import Window
from storage.kpi import KPIS, Ask, KpiValue, compute
from storage.kpi import crowd as crowds
from storage.kpi.compare import NO_CHANGE
from storage.mention import Brand
from storage.sqlite import SqliteStore
from storage.stats.clusters import Count, Part, growth, rate, share
from storage.stats.wilson import wilson

MONDAY = T0 - 2 * DAY
WEEK, LAST = Window(MONDAY, MONDAY + 7 * DAY), Window(MONDAY - 7 * DAY, MONDAY)
BRANDS = (Brand("Acme"), Brand("Bolt"))


def asked(store: SqliteStore, kpi: str, window: Window = WEEK, **more: object) -> KpiValue:
    ask = Ask(window, WEEK.until, UTC, BRANDS, only=("Acme",), **more)  # type: ignore[arg-type]
    return compute(store, [KPIS[kpi]], ask)[0]


def say(store: SqliteStore, window: Window, *said: tuple[str, str], label: str = "neutral") -> None:
    """(author, brand) each a mention."""
    posts = [
        post(f"{window.since}-{label}-{n}", window.since + n, names(brand, label), author=author)  # type: ignore[arg-type]
        for n, (author, brand) in enumerate(said)
    ]
    keep(store, posts, NEWS, heard=(window.since, window.until))


def test_a_share_of_voice_of_single_voices_is_as_sure_as_wilson_says(store: SqliteStore) -> None:
    say(store, WEEK, *[(f"a{n}", "Acme") for n in range(30)], *[(f"b{n}", "Bolt") for n in range(70)])
    found = asked(store, "share_of_voice")
    assert found.value == 0.3
    assert found.more["interval"] == pytest.approx(wilson(30, 100), abs=0.005)


def test_a_share_of_voice_of_a_loud_few_is_less_sure(store: SqliteStore) -> None:
    # Three authors with ten mentions of Acme each, one of whom speaks of Bolt as well; seventy others.
    say(
        store,
        WEEK,
        *[(f"a{n % 3}", "Acme") for n in range(30)],
        *[(f"b{n}", "Bolt") for n in range(69)],
        ("a0", "Bolt"),
    )
    found = asked(store, "share_of_voice")
    # x² : 3 x 10²; x y: 10 x 11 + 2 x 10²; y²: 11² + 2 x 10² + 69.
    expected = share(Part(30, 100, 300, 310, 390))
    assert expected is not None
    assert found.more["interval"] == [expected.low, expected.high]
    low, high = wilson(30, 100)
    assert expected.low < low - 0.05 and expected.high > high + 0.05


def test_a_rule_does_without(store: SqliteStore) -> None:
    say(store, WEEK, ("a", "Acme"), ("b", "Bolt"))
    assert asked(store, "share_of_voice", strict=True).more["interval"] is None


@pytest.mark.parametrize("more", [{"by": ("language",)}, {"live_only": True}, {"tag": "sales"}])
def test_where_no_author_was_counted_nothing_is_said(store: SqliteStore, more: dict[str, object]) -> None:
    say(store, WEEK, ("a", "Acme"), ("b", "Bolt"))
    assert asked(store, "share_of_voice", **more).more.get("interval") is None


def test_a_long_window_takes_the_clustering_of_the_years_around(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    say(store, WEEK, *[(f"a{n % 3}", "Acme") for n in range(30)], *[(f"b{n}", "Bolt") for n in range(70)])
    say(store, LAST, ("z", "Acme"))
    monkeypatch.setattr(crowds, "MOST_COUNTED", 5)
    odd = Window(WEEK.since, WEEK.until - 1)
    found = asked(store, "share_of_voice", odd)
    low, high = found.more["interval"]  # type: ignore[misc]
    assert 0 <= low < 0.3 < high <= 1
    plain = wilson(30, 100)
    assert low < plain[0] and high > plain[1]


def test_a_change_of_mentions_is_as_sure_as_their_authors_are_many(store: SqliteStore) -> None:
    say(store, LAST, *[(f"a{n}", "Acme") for n in range(100)])
    say(store, WEEK, *[(f"c{n}", "Acme") for n in range(160)])
    single = asked(store, "mentions", compare=True).before
    assert single is not None and single.interval is not None
    assert (single.change, single.note) == (60, None)
    assert single.interval[0] > 0
    say(store, Window(LAST.since + DAY, LAST.until), *[("one", "Bolt")])
    now, then = rate(Count(160, 160)), rate(Count(100, 100))
    assert single.interval[1] == pytest.approx(60 + ((now.high - 160) ** 2 + (100 - then.low) ** 2) ** 0.5)


def test_a_change_that_one_loud_author_made_is_none(store: SqliteStore) -> None:
    say(store, LAST, *[(f"a{n}", "Acme") for n in range(100)])
    say(store, WEEK, *[(f"c{n}", "Acme") for n in range(100)], *[("loud", "Acme")] * 60)
    found = asked(store, "mentions", compare=True).before
    assert found is not None
    assert (found.change, found.note) == (60, NO_CHANGE)


def test_what_nobody_judged_by_a_measured_engine_is_as_sure_as_its_authors(store: SqliteStore) -> None:
    # "old-1" has no card, so that shares are counted.
    from sentiment.tone import Tone
    from storage.mention import Mention

    def told(window: Window, good: int, bad: int) -> None:
        labels = ["positive"] * good + ["negative"] * bad
        posts = [
            post(
                f"{window.since}{n}",
                window.since + n,
                Mention("Acme", tone=Tone(label, 0.1, 0.1, 0.8, "old-1")),  # type: ignore[arg-type]
                author=f"{window.since}{n}",
            )
            for n, label in enumerate(labels)
        ]
        keep(store, posts, NEWS, heard=(window.since, window.until))

    told(LAST, 40, 60)
    told(WEEK, 45, 55)
    for kpi, change in (("positive_share", 0.05), ("negative_share", -0.05), ("net_sentiment", 0.1)):
        found = asked(store, kpi, compare=True).before
        assert found is not None and found.interval is not None
        assert found.change == pytest.approx(change)
        assert found.note == NO_CHANGE
    positive = asked(store, "positive_mentions", compare=True).before
    assert positive is not None
    assert (positive.change, positive.note) == (5, NO_CHANGE)


def test_growth_and_the_difference_of_counts_agree_on_what_chance_makes() -> None:
    for now, then in ((120, 100), (150, 100), (30, 10), (11, 10)):
        by_growth = growth(Count(now, now), Count(then, then))
        assert by_growth is not None
        one, other = rate(Count(now, now)), rate(Count(then, then))
        low = now - then - ((now - one.low) ** 2 + (other.high - then) ** 2) ** 0.5
        assert (by_growth.low > 0) == (low > 0)


def test_zones_do_not_matter(store: SqliteStore) -> None:
    say(store, WEEK, ("a", "Acme"), ("b", "Bolt"))
    ask = Ask(WEEK, WEEK.until, MADRID, BRANDS, only=("Acme",))
    assert compute(store, [KPIS["share_of_voice"]], ask)[0].more["interval"] is not None

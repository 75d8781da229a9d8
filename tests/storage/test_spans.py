"""What a service counted and what was read of it: kept with its page, told again without counting twice."""

from __future__ import annotations

import pytest
from keeping import HOUR, T0, UTC, keep, names, post

from storage.calendar import Window
from storage.kpi import KPIS, Ask, compute
from storage.mention import Brand, Counted, Heard, Kept, Sampled, Source
from storage.sqlite import SqliteStore

X = Source("x", "x")
ACME, BOLT = Brand("Acme", own=True), Brand("Bolt")


@pytest.fixture
def store(tmp_path) -> SqliteStore:  # type: ignore[no-untyped-def]
    made = SqliteStore(tmp_path / "s.db")
    made.register([ACME, BOLT], [X])
    made.commit(Kept(X, [], heard=Heard(T0 - 9 * HOUR, T0 + 9 * HOUR)))
    return made


def ask(store: SqliteStore, kpi: str, since: int = T0, until: int = T0 + HOUR, **more: object):  # type: ignore[no-untyped-def]
    question = Ask(Window(since, until), T0 + 99 * HOUR, UTC, (ACME, BOLT), ("Acme",), **more)  # type: ignore[arg-type]
    return compute(store, [KPIS[kpi]], question)[0]


def tell(store: SqliteStore, *spans: Counted | Sampled) -> None:
    counted = [one for one in spans if isinstance(one, Counted)]
    store.commit(Kept(X, [], counted=counted, sampled=[one for one in spans if isinstance(one, Sampled)]))


def test_what_is_told_again_counts_once_and_by_the_newer_word(store: SqliteStore) -> None:
    tell(store, Counted("Acme", T0, T0 + 1_800, 50))
    tell(store, Counted("Acme", T0, T0 + HOUR, 90), Counted("Nobody", T0, T0 + HOUR, 7))
    assert ask(store, "mentions.counted").value == 90


def test_the_part_of_a_span_within_the_window_counts(store: SqliteStore) -> None:
    tell(store, Counted("Acme", T0, T0 + HOUR, 90))
    assert ask(store, "mentions.counted", T0 + 1_800, T0 + 5 * HOUR).value == 45
    assert ask(store, "mentions.counted", T0 + HOUR, T0 + 5 * HOUR).value == 0


def test_without_any_post_read_nobody_knows_how_many_are_meant(store: SqliteStore) -> None:
    tell(store, Counted("Acme", T0, T0 + HOUR, 90))
    found = ask(store, "mentions.counted")
    assert (found.value, found.n, found.more["interval"]) == (90, 0, [0.0, 90])
    assert ask(store, "negative_share.sampled").reason == "none judged"


def test_a_mention_outside_of_what_was_drawn_weighs_nothing(store: SqliteStore) -> None:
    """As one that another brand's slice brought, or the own account's timeline."""
    tell(store, Counted("Acme", T0, T0 + HOUR, 100))
    for at in (T0, T0 + 600):
        keep(store, [post(f"a{at}", at + 1, names("Acme", "negative"))], X)
        tell(store, Sampled("Acme", at, at + 60, 1))
    keep(store, [post(f"b{n}", T0 + 2_000 + n, names("Acme", "positive")) for n in range(20)], X)
    found = ask(store, "negative_share.sampled")
    assert found.more["raw_value"] == 1.0 and found.more["part_read"] == 0.02
    assert ask(store, "mentions").value == 22 and ask(store, "mentions.counted").value == 100


def test_each_hour_weighs_by_its_count(store: SqliteStore) -> None:
    tell(store, Counted("Acme", T0, T0 + HOUR, 900), Counted("Acme", T0 + HOUR, T0 + 2 * HOUR, 100))
    for hour, label in ((0, "neutral"), (1, "negative")):
        for slice_ in range(4):
            at = T0 + hour * HOUR + slice_ * 600
            keep(store, [post(f"{at}{n}", at + n, names("Acme", label)) for n in range(5)], X)  # type: ignore[arg-type]
            tell(store, Sampled("Acme", at, at + 60, 5))
    found = ask(store, "negative_share.sampled", until=T0 + 2 * HOUR)
    assert found.more["raw_value"] == pytest.approx(0.1)
    low, high = found.more["interval"]  # type: ignore[misc]
    assert low <= found.value <= high < 0.5  # type: ignore[operator]


@pytest.mark.parametrize("kpi", ["mentions.counted", "share_of_voice.counted", "negative_share.sampled"])
@pytest.mark.parametrize("more", [{"by": ("language",)}, {"tag": "sales"}, {"live_only": True}])
def test_counts_know_no_language_no_tag_and_not_what_is_live(
    store: SqliteStore, kpi: str, more: dict[str, object]
) -> None:
    tell(store, Counted("Acme", T0, T0 + HOUR, 90))
    keep(store, [post("a", T0, names("Acme", "negative"), language="en")], X)
    found = ask(store, kpi, **more)
    assert found.value is None and "not told by language" in str(found.reason)


def test_the_engines_error_widens_the_interval(store: SqliteStore) -> None:
    """VADER was measured in English: its labels are corrected, and what is left of its error stands beside chance."""
    tell(store, Counted("Acme", T0, T0 + HOUR, 1_000))
    for slice_ in range(6):
        at = T0 + slice_ * 600
        labels = ["negative", "neutral", "positive", "positive"]
        posts = [
            post(f"{at}{n}", at + n, names("Acme", label), language="en")  # type: ignore[arg-type]
            for n, label in enumerate(labels)
        ]
        keep(store, posts, X)
        tell(store, Sampled("Acme", at, at + 60, 4))
    found = ask(store, "negative_share.sampled")
    assert found.more["method"] == "adjusted" and found.more["raw_value"] == pytest.approx(0.25)
    assert found.value == pytest.approx(ask(store, "negative_share").value)
    low, high = found.more["interval"]  # type: ignore[misc]
    assert high - low > 2 * 1.96 * float(found.more["sampling_error"])  # type: ignore[arg-type]

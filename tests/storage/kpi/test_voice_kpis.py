"""Share of voice in everything but mentions, and mentions by whom they speak to: by hand, and each trap."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from keeping import DAY, FORUM, HOUR, NEWS, T0, UTC, asks, keep, names, own, post, tone, value, values
from worked import work_out

from sentiment.tone import LABELS
from storage.calendar import Window
from storage.desk import corrections, tags
from storage.kpi import KPIS, Ask, authors, compute, facts, hashtags, interactions, opinion, reach, voice
from storage.mention import Brand, Kept, KeptPost, Mention, Reading
from storage.sqlite import SqliteStore

WINDOW = (T0, T0 + HOUR)
ACME, BOLT, ZAP = Brand("Acme", own=True), Brand("Bolt"), Brand("Zap")
MARKET = (ACME, BOLT, ZAP)
MINE = [
    kpi
    for family in (voice, reach, authors, hashtags, interactions, opinion)
    for kpi in family.KPIS
    if kpi.rows and kpi.example
]


def hear(store: SqliteStore, *sources: object) -> None:
    for source in sources or (NEWS,):
        keep(store, [], source, heard=(T0 - 60 * DAY, T0 + 60 * DAY))  # type: ignore[arg-type]


def said(store: SqliteStore, brand: str, *labels: str, **more: object) -> None:
    posts = [
        post(f"{brand}{n}{label}{more}", T0, names(brand, label), **more) for n, label in enumerate(labels)
    ]  # type: ignore[arg-type]
    keep(store, posts)


@pytest.mark.parametrize("kpi", MINE, ids=lambda kpi: kpi.name)
def test_the_worked_formula_gives_the_value_of_the_example(kpi: object) -> None:
    assert kpi.example is not None and kpi.source and kpi.inputs  # type: ignore[attr-defined]
    assert work_out(kpi.worked, kpi.example.numbers) == pytest.approx(kpi.example.value)  # type: ignore[attr-defined]


def test_all_of_them_are_registered() -> None:
    assert MINE and all(KPIS[kpi.name] is kpi for kpi in MINE)


# People


def test_people_are_not_mentions(store: SqliteStore) -> None:
    hear(store)
    said(store, "Acme", *["neutral"] * 10, author="ana")
    said(store, "Bolt", "neutral", author="ben")
    said(store, "Bolt", "neutral", author="cleo")
    people = value(store, "share_of_voice.authors", WINDOW, brands=MARKET)
    assert (people.value, people.n) == (1 / 3, 3)
    assert value(store, "share_of_voice", WINDOW, brands=MARKET).value == 10 / 12


def test_who_speaks_of_two_brands_counts_for_both(store: SqliteStore) -> None:
    hear(store)
    keep(store, [post("1", T0, names("Acme"), names("Bolt"), author="ana")])
    shares = [value(store, "share_of_voice.authors", WINDOW, b.name, MARKET).value for b in MARKET]
    assert shares == [1 / 2, 1 / 2, 0]


# Multi-brand posts


def test_brands_together_have_more_mentions_than_there_are_posts(store: SqliteStore) -> None:
    hear(store)
    keep(store, [post("1", T0, names("Acme"), names("Bolt"), names("Zap")), post("2", T0, names("Acme"))])
    counts = [value(store, "mentions", WINDOW, brand.name, MARKET).value for brand in MARKET]
    assert sum(counts) == 4 > store.rows("SELECT count(*) FROM posts")[0][0]
    shares = [value(store, "share_of_voice", WINDOW, brand.name, MARKET) for brand in MARKET]
    assert [found.value for found in shares] == [2 / 4, 1 / 4, 1 / 4]
    assert {found.n for found in shares} == {4}


# Simpson's trap


def test_a_brand_that_rises_everywhere_falls_in_the_total_but_not_in_the_mean_over_sources(
    store: SqliteStore,
) -> None:
    hear(store, NEWS, FORUM)
    # Acme and Bolt by source and hour: news 10 of 20, then 3 of 5; forum 1 of 10, then 15 of 100.
    for at, counts in ((T0 - HOUR, ((10, 10), (1, 9))), (T0, ((3, 2), (15, 85)))):
        for source, pair in zip((NEWS, FORUM), counts, strict=True):
            for brand, count in zip(("Acme", "Bolt"), pair, strict=True):
                keep(store, [post(f"{at}{brand}{n}", at, names(brand)) for n in range(count)], source)
    before, now = (
        value(store, "share_of_voice", window, brands=(ACME, BOLT)) for window in ((T0 - HOUR, T0), WINDOW)
    )
    assert before.more["by_source"] == {"news": 10 / 20, "forum": 1 / 10}
    assert now.more["by_source"] == {"news": 3 / 5, "forum": 15 / 100}
    assert (before.value, now.value) == (11 / 30, 18 / 105)
    assert (before.more["source_mean"], now.more["source_mean"]) == pytest.approx((0.3, 0.375))


# Praise and blame


def test_share_of_praise(store: SqliteStore) -> None:
    hear(store)
    said(store, "Acme", "positive", "positive", "positive", "negative")
    said(store, "Bolt", "positive", "neutral")
    said(store, "Zap", "negative", "negative")
    praise = value(store, "share_of_voice.positive", WINDOW, brands=MARKET)
    assert (praise.value, praise.n, praise.more["own"], praise.more["market"]) == (3 / 4, 4, 3, 4)
    balance = value(store, "share_of_voice.net", WINDOW, brands=MARKET)
    assert (balance.value, balance.n, balance.more["net"], balance.more["sign"]) == (2 / 3, 3, 2, 1)
    blamed = value(store, "share_of_voice.net", WINDOW, "Zap", MARKET)
    assert (blamed.value, blamed.more["net"], blamed.more["sign"]) == (0, -2, -1)


def test_balance_is_of_all_sources_together(store: SqliteStore) -> None:
    hear(store, NEWS, FORUM)
    said(store, "Acme", "positive", "positive", "positive")
    keep(store, [post("x", T0, names("Acme", "negative"))], FORUM)
    said(store, "Bolt", "positive", "positive")
    assert value(store, "share_of_voice.net", WINDOW, brands=MARKET).value == 2 / 4


def test_a_persons_word_counts(store: SqliteStore) -> None:
    hear(store)
    said(store, "Acme", "positive")
    said(store, "Bolt", "positive")
    with store.writing() as db:
        corrections.record(db, "Acme", 1, "negative", sampled=False, by=None, now=T0)
    assert value(store, "share_of_voice.positive", WINDOW, brands=MARKET).value == 0
    found = value(store, "share_of_voice.positive", WINDOW, "Bolt", MARKET)
    assert (found.value, found.more["raw_value"], found.more["method"]) == (1, 0.5, "raw")


@pytest.mark.parametrize("kpi", ["share_of_voice.positive", "share_of_voice.net"])
def test_a_rule_does_not_look_across_a_change_of_engine(store: SqliteStore, kpi: str) -> None:
    hear(store)
    said(store, "Acme", "positive")
    keep(store, [post("b", T0, Mention("Bolt", tone=tone("positive", engine="other-1")))])
    assert value(store, kpi, WINDOW, brands=MARKET).value == 0.5
    assert value(store, kpi, WINDOW, brands=MARKET, strict=True).reason == "the tone engine changed"


# Interactions, reach, what is paid for


def test_share_of_interactions(store: SqliteStore) -> None:
    hear(store)
    said(store, "Acme", "neutral")
    said(store, "Bolt", "neutral")
    one, other = (row[0] for row in store.rows("SELECT native_id FROM posts ORDER BY id"))
    told = [Reading(one, T0 + 9, {"likes": 20, "replies": 2}), Reading(other, T0 + 9, {"points": 66})]
    store.commit(Kept(NEWS, [], readings=told))
    found = value(store, "share_of_voice.interactions", WINDOW, brands=MARKET)
    assert (found.value, found.n, found.more["own"]) == (22 / 88, 88, 22)


def test_share_of_reach_is_told_by_network_only(store: SqliteStore) -> None:
    hear(store, NEWS, FORUM)
    keep(store, [post("1", T0, names("Acme"), author="ana", followers=1000)])
    keep(store, [post("2", T0, names("Acme"), names("Bolt"), author="ben", followers=500)])
    found = value(store, "share_of_voice.reach", WINDOW, brands=MARKET)
    assert (found.value, found.more["own"], found.more["market"]) == (0.75, 1500, 2000)
    keep(store, [post("3", T0, names("Bolt"), author="cleo", followers=1)], FORUM)
    total = value(store, "share_of_voice.reach", WINDOW, brands=MARKET)
    assert (total.value, total.reason) == (
        None,
        "audiences of several networks are not added up: ask by source",
    )
    parts = {
        v.source: v.value
        for v in values(store, "share_of_voice.reach", WINDOW, brands=MARKET, by=("source",))
    }
    assert parts == {"news": 0.75, "forum": 0}


def test_what_is_paid_is_not_organic(store: SqliteStore) -> None:
    hear(store)
    keep(store, [post(f"a{n}", T0, names("Acme")) for n in range(4)])
    keep(store, [post(f"b{n}", T0, names("Bolt")) for n in range(2)])
    with store.writing() as db:
        tags.add(db, "paid", "Acme", [1], by="ann", now=T0)
        tags.add(db, "other", "Acme", [2], by="ann", now=T0)
    found = value(store, "share_of_voice.organic", WINDOW, brands=MARKET)
    assert (found.value, found.n) == (3 / 5, 5)
    assert value(store, "share_of_voice", WINDOW, brands=MARKET).value == 4 / 6


# Why there is none


@pytest.mark.parametrize(
    ("kpi", "reason"),
    [
        ("authors", "no author is known in the market"),
        ("positive", "nothing positive in the market"),
        ("net", "no brand of the market has more praise than blame"),
        ("interactions", "no source that is heard tells such counters"),
        ("reach", "no source tells how many followers authors have"),
        ("organic", "nothing in the market"),
        ("stories", "nothing in the market"),
    ],
)
def test_share_of_voice_is_none_with_a_reason(store: SqliteStore, kpi: str, reason: str) -> None:
    name = f"share_of_voice.{kpi}"
    assert value(store, name, WINDOW, brands=MARKET).reason == "no source heard"
    hear(store)
    found = value(store, name, WINDOW, brands=MARKET)
    assert (found.value, found.reason) == (None, reason)
    assert value(store, name, WINDOW, brands=(ACME,)).reason == "a market of one brand"


@pytest.mark.parametrize(
    "kpi",
    ["mentions.direct", "mentions.indirect", "mentions.as_now", "mentions.stories", "mentions.publishers"],
)
def test_mentions_are_none_where_nothing_was_heard(store: SqliteStore, kpi: str) -> None:
    assert value(store, kpi, WINDOW).reason == "no source heard"
    hear(store)
    found = value(store, kpi, WINDOW)
    assert (found.value, found.reason) == (0, None)


# Direct and indirect


def test_mentions_that_speak_to_the_brand_and_those_that_speak_of_it(store: SqliteStore) -> None:
    hear(store)
    posts = [post("own", T0, own("Acme")), post("call", T0, asks("Acme"))]
    posts += [post("reply", T0, names("Acme"), in_reply_to="own")]
    # Addressed, but no mention: it names nobody.
    posts += [post("bare", T0, in_reply_to="own")]
    posts += [post(str(n), T0, names("Acme")) for n in range(3)]
    keep(store, posts)
    direct, indirect = (value(store, f"mentions.{kind}", WINDOW) for kind in ("direct", "indirect"))
    assert (direct.value, indirect.value, direct.n, indirect.n) == (2, 3, 5, 5)
    assert value(store, "mentions.direct", (T0 + 1, T0 + HOUR)).value == 0


# Deletions


def test_what_was_reported_and_what_is_left_of_it(store: SqliteStore) -> None:
    hear(store)
    keep(store, [post(str(n), T0, names("Acme"), author="ana", author_id="did:ana") for n in range(5)])
    store.commit(Kept(NEWS, [], deleted=["1", "3"], at=T0 + DAY))
    found = value(store, "mentions.as_now", WINDOW)
    assert (found.value, found.n, found.more["as_reported"], found.more["taken_back"]) == (3, 5, 5, 2)
    assert value(store, "mentions", WINDOW).value == 5
    # What only grew old is still out there.
    with store.writing() as db:
        db.run("UPDATE posts SET expired = 1 WHERE native_id = '1'")
    assert value(store, "mentions.as_now", WINDOW).value == 4


def test_mentions_that_are_too_many_are_not_looked_at_one_by_one(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    hear(store)
    keep(store, [post(str(n), T0, names("Acme")) for n in range(3)])
    store.commit(Kept(NEWS, [], readings=[Reading("0", T0, {"likes": 1})], at=T0))
    monkeypatch.setattr(facts, "MOST", 2)
    # Sums come from a roll-up, but for those of a language.
    assert value(store, "share_of_voice.interactions", WINDOW, brands=MARKET).value == 1.0
    asked = value(store, "share_of_voice.interactions", WINDOW, brands=MARKET, by=("language",))
    assert asked.reason == "too many mentions in this window for their counters to be read one by one"


# By tag


@pytest.mark.parametrize(
    ("kpi", "all_", "tagged"),
    [
        ("mentions", 4, 2),
        ("share_of_voice", 4 / 5, 1.0),
        ("negative_mentions", 2, 1),
        ("authors", 2, 1),
        ("new_authors", 2, 1),
        ("mentions.direct", 1, 1),
        ("mentions.as_now", 4, 2),
        ("hashtags", 2, 1),
        ("likes", 8, 3),
        ("first_response_time", 60, 60),
    ],
)
def test_numbers_of_what_bears_a_tag(store: SqliteStore, kpi: str, all_: float, tagged: float) -> None:
    hear(store)
    keep(
        store,
        [
            post("0", T0, names("Acme", "negative", addressed=True), author="ana", text="#one", thread="0"),
            post("1", T0, names("Acme"), author="ana", text="#one"),
            post("2", T0, names("Acme", "negative"), author="ben", text="#two"),
            post("3", T0, names("Acme"), author="ben"),
            post("4", T0, names("Bolt")),
            post("5", T0 + 60, own("Acme"), in_reply_to="0", thread="0"),
        ],
    )
    store.commit(
        Kept(NEWS, [], readings=[Reading("0", T0 + 9, {"likes": 3}), Reading("2", T0, {"likes": 5})])
    )
    with store.writing() as db:
        assert tags.add(db, "mine", "Acme", [1, 2], by="ann", now=T0) == 2
    for tag, expected in ((None, all_), ("mine", tagged), ("unheard of", None)):
        found = value(store, kpi, (T0 - DAY, T0 + DAY), brands=MARKET, tag=tag)
        if expected is not None:
            assert found.value == expected, tag
        else:
            assert not found.value


# Against plain Python


histories = st.lists(
    st.tuples(
        st.integers(T0 - 40 * DAY, T0 + 40 * DAY),
        st.dictionaries(st.sampled_from(["Acme", "Bolt", "Zap"]), st.sampled_from(LABELS), min_size=1),
        st.sampled_from(["ana", "ben", "cleo", None]),
        st.sampled_from([NEWS, FORUM]),
        st.sampled_from(["es", "de", None]),
        st.booleans(),
    ),
    max_size=25,
)
spans = st.sampled_from(
    [(T0 - 2 * DAY, T0 + 5 * DAY), (T0 - 14 * DAY, T0 + 16 * DAY), (T0 - 9 * DAY, T0 + DAY)]
)


@given(histories, spans, st.sampled_from([(), ("language",), ("source",)]))
@settings(max_examples=60, deadline=None)
def test_voices_equal_plain_python(
    tmp_path_factory: pytest.TempPathFactory,
    history: list[tuple[int, dict[str, str], str | None, object, str | None, bool]],
    span: tuple[int, int],
    by: tuple[str, ...],
) -> None:
    store = SqliteStore(tmp_path_factory.mktemp("voices") / "listener.db")
    hear(store, NEWS, FORUM)
    for n, (at, about, author, source, language, to_it) in enumerate(history):
        mentions = [names(brand, label, addressed=to_it) for brand, label in about.items()]  # type: ignore[arg-type]
        kept: KeptPost = post(str(n), at, *mentions, author=author, language=language)
        keep(store, [kept], source)  # type: ignore[arg-type]
    kpis = [
        KPIS[n] for n in ("authors", "share_of_voice.authors", "share_of_voice.positive", "mentions.direct")
    ]
    ask = Ask(Window(*span), span[1], UTC, MARKET, by=by)
    for found in compute(store, kpis, ask):
        told = [
            (brand, label, (source, author), to_it)
            for at, about, author, source, language, to_it in history
            for brand, label in about.items()
            if span[0] <= at < span[1]
            and (by != ("language",) or language == found.language)
            and (by != ("source",) or source.name == found.source)  # type: ignore[attr-defined]
        ]
        people = {b.name: {who for brand, _, who, _ in told if brand == b.name and who[1]} for b in MARKET}
        praise = {
            b.name: sum(brand == b.name and label == "positive" for brand, label, *_ in told) for b in MARKET
        }
        everybody, all_praise = sum(map(len, people.values())), sum(praise.values())
        expected = {
            # Of mentions by nobody that is known, how many wrote them is unknown.
            "authors": len(people[found.brand])
            if people[found.brand] or not any(brand == found.brand for brand, *_ in told)
            else None,
            "share_of_voice.authors": len(people[found.brand]) / everybody if everybody else None,
            "share_of_voice.positive": praise[found.brand] / all_praise if all_praise else None,
            "mentions.direct": sum(brand == found.brand and to_it for brand, _, _, to_it in told),
        }
        assert found.value == expected[found.kpi], found
        assert (found.value is None) == (found.reason is not None)
    store.close()

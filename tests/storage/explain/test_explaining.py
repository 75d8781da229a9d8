"""A number, opened: its arithmetic, engines, queries, corrections, posts and warnings, and as JSON."""

from __future__ import annotations

import json

import pytest
from explained import MARKET, WINDOW, ask, opened
from keeping import DAY, FILE, FORUM, HOUR, NEWS, T0, asks, keep, names, own, post, tone

from sentiment.calibration import card
from storage import queries
from storage.desk import corrections
from storage.kpi import CARD, KPIS, compute
from storage.mention import Brand, Kept, Mention, Source
from storage.sqlite import SqliteStore


def filled(store: SqliteStore) -> None:
    """Seven mentions of Acme in two sources, three of Bolt, one of a brand in another market, one from before."""
    labels = ("positive", "positive", "positive", "negative", "negative", "neutral")
    keep(store, [post(f"a{n}", T0 + n, names("Acme", label)) for n, label in enumerate(labels)], heard=WINDOW)
    keep(store, [post("open", T0 + 60, Mention("Acme", tone=tone(None)))], FORUM, heard=WINDOW)
    keep(store, [post(f"b{n}", T0 + n, names("Bolt")) for n in range(3)], FORUM)
    keep(store, [post("o", T0, names("Other")), post("late", T0 + DAY, names("Acme"))], FORUM)
    keep(store, [post("before", T0 - 9, names("Acme", "positive"))], heard=(T0 - DAY, T0))


def test_the_value_is_the_one_that_kpi_gives(store: SqliteStore) -> None:
    filled(store)
    for name in CARD:
        assert opened(store, name).value == compute(store, [KPIS[name]], ask(compare=True))[0]


@pytest.mark.parametrize(
    ("kpi", "worked", "counted"),
    [
        ("mentions", "7", 7),
        ("share_of_voice", "7 / 10", 0.7),
        ("positive_mentions", "3", 3),
        ("positive_share", "3 / 6", 0.5),
        ("negative_share", "2 / 6", 1 / 3),
        ("net_sentiment", "(3 - 2) / 6", 1 / 6),
    ],
)
def test_the_formula_stands_with_its_numbers(
    store: SqliteStore, kpi: str, worked: str, counted: float
) -> None:
    filled(store)
    made = opened(store, kpi)
    assert (made.worked, made.counted) == (worked, pytest.approx(counted))
    if made.value.more.get("method", "raw") == "raw":
        assert made.value.value == pytest.approx(counted)
        assert made.strata == ()


def test_growth_is_worked_out_over_both_periods(store: SqliteStore) -> None:
    filled(store)
    made = opened(store, "positive_growth", ask(sources=("news",)))
    assert (made.worked, made.counted, made.value.value) == ("(3 - 1) / 1", 2, 2)
    assert made.value.before is not None
    assert (made.value.before.since, made.value.before.until) == (T0 - DAY, T0)


def test_where_there_is_no_value_nothing_is_put_in(store: SqliteStore) -> None:
    made = opened(store, "share_of_voice")
    assert (made.value.value, made.value.reason, made.worked, made.counted) == (
        None,
        "no source heard",
        None,
        None,
    )


def test_an_estimate_shows_what_the_line_made_of_each_engine_and_language(store: SqliteStore) -> None:
    labels = ("positive", "negative", "neutral", "neutral", "neutral")
    keep(
        store,
        [post(f"{n}", T0 + n, names("Acme", labels[n % 5]), language="en") for n in range(50)],
        heard=WINDOW,
    )
    made = opened(store, "positive_share")
    (stratum,) = made.strata
    assert (stratum.engine, stratum.language, stratum.mentions) == ("vader-3.3.2", "en", 50)
    assert stratum.p_positive == pytest.approx((10 * 0.8 + 40 * 0.1) / 50)
    # One stratum and no correction: the share that its line makes is the value.
    assert stratum.positive == pytest.approx(made.value.value)
    assert made.counted == 0.2


def test_engines_are_counted_by_label(store: SqliteStore) -> None:
    filled(store)
    keep(store, [post("x", T0 + 90, Mention("Acme", tone=tone("positive", engine="other-1")))])
    keep(store, [post("y", T0 + 91, Mention("Acme"))])
    judged = {
        one.engine: (one.positive, one.neutral, one.negative, one.unjudged)
        for one in opened(store, "net_sentiment").judgings
    }
    assert judged == {"vader-3.3.2": (3, 1, 2, 1), "other-1": (1, 0, 0, 0), None: (0, 0, 0, 1)}
    known = card("vader-3.3.2")
    by_engine = {one.engine: one for one in opened(store, "net_sentiment").judgings}
    assert known and by_engine["vader-3.3.2"].measured_on == known.measured_on
    assert by_engine["other-1"].measured_on is None
    assert opened(store, "mentions").judgings == ()


def test_the_versions_in_force_are_told_with_what_they_found(store: SqliteStore) -> None:
    first, second = Brand("Acme", aliases=("ac",)), Brand("Acme", aliases=("ac", "acm"))
    with store.writing() as db:
        queries.keep_versions(db, [first], T0 - DAY)
    keep(
        store,
        [post("1", T0, names("Acme")), post("f", T0 + 1, Mention("Acme", by_query=False))],
        heard=WINDOW,
    )
    with store.writing() as db:
        queries.keep_versions(db, [second], T0 + HOUR)
    keep(store, [post("2", T0 + 2 * HOUR, names("Acme"))])
    made = opened(store, "mentions")
    told = [(one.at and one.at - T0, one.definition, one.mentions) for one in made.queries]
    assert told == [(None, None, 1), (-DAY, first.definition, 1), (HOUR, second.definition, 1)]
    assert any("another query" in warning for warning in made.warnings)


def test_a_version_that_found_nothing_is_in_force_all_the_same(store: SqliteStore) -> None:
    with store.writing() as db:
        queries.keep_versions(db, [Brand("Acme"), Brand("Bolt")], T0 - DAY)
    keep(store, [], heard=WINDOW)
    assert [(one.brand, one.mentions) for one in opened(store, "share_of_voice").queries] == [
        ("Acme", 0),
        ("Bolt", 0),
    ]
    assert [one.brand for one in opened(store, "mentions").queries] == ["Acme"]


def test_corrections_are_counted_by_what_they_changed(store: SqliteStore) -> None:
    filled(store)
    ids = dict(store.rows("SELECT native_id, id FROM posts"))
    with store.writing() as db:
        for native_id, label, sampled in (
            ("a0", "negative", True),
            ("a1", "negative", False),
            ("open", "positive", False),
        ):
            corrections.record(db, "Acme", ids[native_id], label, sampled=sampled, by="eve", now=T0)  # type: ignore[arg-type]
        corrections.record(db, "Acme", ids["late"], "negative", sampled=False, by="eve", now=T0)
    made = opened(store, "net_sentiment")
    assert made.corrections is not None
    assert (made.corrections.count, made.corrections.sampled) == (3, 1)
    assert made.corrections.changed == {("positive", "negative"): 2, (None, "positive"): 1}
    assert made.value.more["corrections"] == 3
    shown = {one.native_id: (one.label, one.corrected) for one in made.posts.shown}  # type: ignore[union-attr]
    assert (shown["a0"], shown["open"], shown["a2"]) == (
        ("negative", True),
        ("positive", True),
        ("positive", False),
    )
    # An edit makes other words of it, and the correction falls.
    store.commit(Kept(NEWS, [], edits=[post("a0", T0, names("Acme"), text="new words")], at=T0 + 5))
    edited = opened(store, "net_sentiment")
    assert (edited.corrections.count, edited.value.more["corrections"]) == (2, 2)  # type: ignore[union-attr]
    shown = {one.native_id: (one.label, one.corrected) for one in edited.posts.shown}  # type: ignore[union-attr]
    assert shown["a0"] == ("neutral", False)


def test_posts_come_newest_first_page_by_page(store: SqliteStore) -> None:
    keep(
        store,
        [post(f"{n:02}", T0 + n // 3, names("Acme"), url=f"https://x.example/{n}") for n in range(10)],
        heard=WINDOW,
    )
    seen: list[str] = []
    after: int | None = None
    while True:
        page = opened(store, "mentions", posts=3, after=after).posts
        assert page is not None and page.total == 10
        seen += [one.native_id for one in page.shown]
        after = page.next
        if after is None:
            break
    assert seen == [f"{n:02}" for n in reversed(range(10))]
    none = opened(store, "mentions", posts=0).posts
    assert none is not None and (none.shown, none.total, none.next) == ((), 10, None)


def test_posts_of_one_tone_are_those_of_the_person_who_spoke(store: SqliteStore) -> None:
    filled(store)
    ids = dict(store.rows("SELECT native_id, id FROM posts"))
    with store.writing() as db:
        corrections.record(db, "Acme", ids["a0"], "negative", sampled=False, by=None, now=T0)
    page = opened(store, "negative_share", label="negative").posts
    assert page is not None
    assert ({one.native_id for one in page.shown}, page.total) == ({"a0", "a3", "a4"}, 3)


def test_a_text_that_was_taken_back_is_told_as_erased(store: SqliteStore) -> None:
    filled(store)
    store.commit(Kept(NEWS, [], deleted=["a0"], at=T0 + DAY))
    made = opened(store, "mentions")
    assert made.value.value == 7
    (gone,) = (one for one in made.posts.shown if one.erased)  # type: ignore[union-attr]
    assert (gone.native_id, gone.text, gone.url) == ("a0", "", None)
    said = "1 mention was taken back since: the number is as reported, with them; mentions.as_now counts without."
    assert made.warnings[-1] == said
    assert opened(store, "net_sentiment").warnings[-1] == said


def test_the_posts_of_a_conversation_are_those_that_address_the_brand(store: SqliteStore) -> None:
    keep(
        store,
        [post("q", T0, asks("Acme"), thread="t"), post("m", T0, names("Acme"))],
        heard=(T0, T0 + 9 * DAY),
    )
    keep(store, [post("a", T0 + 60, own("Acme"), thread="t")])
    made = opened(store, "first_response_time")
    assert made.value.value == 60
    assert [one.native_id for one in made.posts.shown] == ["q"]  # type: ignore[union-attr]


def test_a_deaf_source_is_told_first(store: SqliteStore) -> None:
    store.register([], [NEWS, FORUM])
    keep(store, [post("1", T0, names("Acme"))], heard=(T0, T0 + 18 * HOUR))
    made = opened(store, "mentions")
    assert made.warnings[0].startswith("news was deaf for 6 of 24 hours of this window")
    assert made.warnings[1] == "forum was not heard at all in this window, and is left out."
    assert {one.source: one.counted for one in made.listened} == {"news": True, "forum": False}


def test_many_deaf_sources_are_one_warning_that_names_the_worst(store: SqliteStore) -> None:
    for number in range(6):
        source = Source(f"s{number}", "feeds")
        keep(store, [post("1", T0, names("Acme"))], source, heard=(T0 - 6 * HOUR, T0 + (23 - number) * HOUR))
    # Without one that was heard throughout there is no comparison, and nothing that it could be marred by.
    keep(store, [post("1", T0, names("Acme"))], heard=(T0 - DAY, T0 + DAY))
    made = opened(store, "mentions")
    assert made.warnings[0] == (
        "6 sources were deaf in a part of this window, most of all s5 for 6 of 24 hours, s4 for 5 of 24 hours, "
        "s3 for 4 of 24 hours: what was said there then is missing from the number."
    )
    assert sum("deaf" in one for one in made.warnings) == 1
    otherwise = [one for one in made.warnings if one.startswith("The period before was heard otherwise")]
    assert all(
        one.count("of the time now") == 3 and one.endswith("; and 3 other sources.") for one in otherwise
    )
    assert otherwise


def test_heard_throughout_there_is_nothing_to_warn_of(store: SqliteStore) -> None:
    keep(store, [post("1", T0, names("Acme")), post("2", T0 - 5, names("Acme"))], heard=(T0 - DAY, T0 + DAY))
    assert opened(store, "mentions").warnings == ()


def test_a_period_that_was_heard_otherwise_is_marked(store: SqliteStore) -> None:
    keep(store, [post("1", T0, names("Acme"))], FORUM, heard=(T0 - 6 * HOUR, T0 + DAY))
    keep(store, [post("2", T0, names("Acme")), post("3", T0 - 5, names("Acme"))], heard=(T0 - DAY, T0 + DAY))
    made = opened(store, "mentions")
    assert made.value.before is not None
    assert (made.value.before.value, made.value.before.then, made.value.before.left_out) == (1, 1, ("forum",))
    assert made.unlike == {"before": [("forum", 1.0, 0.25)]}
    told = made.to_json()["explained"]["heard_unlike"]  # type: ignore[index]
    assert told == {"before": [{"source": "forum", "share": 1.0, "share_then": 0.25}]}
    assert made.warnings == (
        "The period before was heard otherwise: forum 100 % of the time now, 25 % then.",
    )


def test_an_engine_that_was_never_measured_is_told(store: SqliteStore) -> None:
    keep(store, [post("1", T0, Mention("Acme", tone=tone("positive", engine="other-1")))], heard=WINDOW)
    assert "was not measured" in opened(store, "positive_share").warnings[-1]
    assert opened(store, "positive_mentions").warnings == ()


def test_json_is_the_value_with_everything_else_beside_it(store: SqliteStore) -> None:
    filled(store)
    made = opened(store, "net_sentiment", posts=2)
    told = json.loads(json.dumps(made.to_json()))
    assert {key: told[key] for key in made.value.to_json()} == json.loads(json.dumps(made.value.to_json()))
    explained = told["explained"]
    assert explained["formula"] == KPIS["net_sentiment"].formula
    assert explained["worked"] == "(3 - 2) / 6"
    assert explained["copies"] == {"collapsed": 0, "reason": None}
    assert explained["coverage"][0]["hours_asked"] == 24
    assert [post["native_id"] for post in explained["posts"]["shown"]] == ["open", "a5"]
    assert all(statement.endswith(";") for statement in explained["sql"])


def test_a_file_speaks_for_its_window(store: SqliteStore) -> None:
    keep(store, [post("1", T0, names("Acme"))], FILE, heard=(T0, T0 + 5), live=False)
    made = opened(store, "mentions", ask(brands=MARKET))
    assert (made.listened[0].imported, made.warnings) == (True, ())


def test_a_number_of_imported_files_is_made_of_no_posts(store: SqliteStore) -> None:
    keep(store, [post("1", T0, names("Acme"))], heard=(T0, T0 + HOUR))
    with store.writing() as db:
        db.run("INSERT INTO imports (kind, name, sha256, at, rows) VALUES ('native', 'may.csv', 'ab', 5, 3)")
        db.run("INSERT INTO imports (kind, name, sha256, at, rows) VALUES ('crm', 'leads.csv', 'cd', 6, 4)")
    made = opened(store, "impressions")
    assert (made.posts, made.listened, made.warnings, made.judgings) == (None, (), (), ())
    assert [(one.name, one.sha256) for one in made.files] == [("may.csv", "ab")]
    copies = made.to_json()["explained"]["copies"]  # type: ignore[index]
    assert copies == {"collapsed": None, "reason": "this number is made of no posts"}
    assert opened(store, "mentions").files == ()

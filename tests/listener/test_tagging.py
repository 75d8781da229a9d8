"""Tags from the rule in config.yaml to the mention: heard, edited, matched again, imported; and what is refused."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from commandline import CommandLine
from pages import tone

from listener.collectors.post import Edit, Page, Post
from listener.config import ConfigError, load
from listener.matching.tagging import Tagger, TagRule, routed, tag_named
from listener.pipeline import Pipeline
from listener.rematching import rematch
from sentiment.tone import Text, Tone
from storage import queries
from storage.desk import tags
from storage.mention import Brand, Source
from storage.sqlite import SqliteStore

NOW = 1_790_000_000
SOURCE = Source("hackernews", "hackernews")
ACME = (Brand("Acme", own=True),)
SALES = TagRule("sales", "price OR buy", "sales")
CARE = TagRule("care", "broken", "care")


class Neutral:
    name = "neutral-1"

    def judge(self, texts: Sequence[Text]) -> list[Tone]:
        return [tone("neutral") for _ in texts]


def hear(store: SqliteStore, rules: Sequence[TagRule], *events: Post | Edit, versions: bool = True) -> None:
    # Without a version of its query, a mention stands like one that an imported row made.
    if versions:
        with store.writing() as db:
            queries.keep_versions(db, ACME, NOW)
    page = Page(events, None, None)
    store.commit(Pipeline(ACME, Neutral(), rules).keep(page, SOURCE, NOW))


def said(native_id: str, text: str, **more: object) -> Post:
    return Post(native_id, text, NOW - 60, **more)  # type: ignore[arg-type]


def tagged(store: SqliteStore, number: int) -> list[str]:
    return [tag.tag for tag in tags.of_post(store, number)]


@pytest.fixture
def store(tmp_path: Path) -> SqliteStore:
    return SqliteStore(tmp_path / "listener.db")


def test_what_is_heard_bears_the_tags_of_the_rules(store: SqliteStore) -> None:
    hear(
        store,
        (SALES, CARE),
        said("1", "Where can I buy a broken Acme kettle?"),
        said("2", "Acme is fine"),
        said("3", "buy something else", in_reply_to="x"),
    )
    assert [tagged(store, number) for number in (1, 2)] == [["care", "sales"], []]
    assert store.rows("SELECT count(*) FROM tags") == [(2,)]


def test_an_edit_is_tagged_by_its_new_words(store: SqliteStore) -> None:
    hear(store, (SALES, CARE), said("1", "Where can I buy Acme?"))
    hear(store, (SALES, CARE), Edit(said("1", "My Acme is broken")))
    assert tagged(store, 1) == ["care"]


@pytest.mark.parametrize("versions", [True, False])
def test_matching_history_again_gives_the_tags_of_today(store: SqliteStore, versions: bool) -> None:
    posts = [said("1", "buy Acme, it is broken"), said("2", "Acme, broken"), said("3", "broken")]
    hear(store, (SALES,), *posts, versions=versions)
    with store.writing() as db:
        tags.add(db, "mine", "Acme", [1], by="ann", now=NOW)
    for _ in range(2):
        rematch(store, Pipeline(ACME, Neutral(), (CARE,)), ACME, NOW - 600, NOW)
        assert [tagged(store, number) for number in (1, 2)] == [["care", "mine"], ["care"]]
    # Without any rule the tags of old ones go as well, and those by hand stay.
    rematch(store, Pipeline(ACME, Neutral()), ACME, NOW - 600, NOW)
    assert [tagged(store, number) for number in (1, 2)] == [["mine"], []]


def test_what_comes_out_of_the_sample_is_tagged_too(store: SqliteStore) -> None:
    hear(store, (SALES,), said("1", "buy a kettle"))
    kettle = (Brand("Acme", query="kettle"),)
    rematch(store, Pipeline(kettle, Neutral(), (SALES,)), kettle, NOW - 600, NOW)
    assert tagged(store, 1) == ["sales"]


def test_a_brand_new_by_another_query_is_tagged_too(store: SqliteStore) -> None:
    hear(store, (SALES,), said("1", "buy an Acme kettle"))
    both = (*ACME, Brand("Kettles", query="kettle", topic=True))
    rematch(store, Pipeline(both, Neutral(), (SALES,)), both, NOW - 600, NOW)
    assert [(tag.brand, tag.tag) for tag in tags.of_post(store, 1)] == [
        ("Acme", "sales"),
        ("Kettles", "sales"),
    ]


def test_no_rule_no_tag() -> None:
    pipeline = Pipeline(ACME, Neutral())
    kept = pipeline.keep(Page([said("1", "buy Acme")], None, None), SOURCE, NOW)
    assert kept.posts[0].tags == ()


def test_names_and_routes() -> None:
    assert routed((SALES, CARE, TagRule("offers", "offer", "sales")), "sales") == ("sales", "offers")
    assert Tagger((CARE, SALES)).rules == (CARE, SALES)
    assert tag_named("  big deal ") == "big deal"
    for bad in ("", "  ", "a\nb", "x" * 51):
        with pytest.raises(ValueError, match="1 to 50 characters"):
            tag_named(bad)


def test_all_mistakes_in_rules_are_told_at_once(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(
        "brands: [{name: Acme}]\ntags:\n  - {name: a, query: 'buy OR'}\n  - {name: b, query: x, route: boss}\n"
        "  - {name: c, query: x}\n  - {name: c, query: y}\n  - {query: z}\n"
    )
    with pytest.raises(ConfigError) as caught:
        load(file, {})
    places = [(problem.path, problem.line) for problem in caught.value.problems]
    assert places == [
        ("tags[0].query", 3),
        ("tags[1].route", 4),
        ("tags[3].name", 6),
        ("tags[4].name", 7),
    ]
    file.write_text("brands: [{name: Acme}]\ntags: {name: a}\n")
    with pytest.raises(ConfigError, match=r"tags \(line 2\): needs a list"):
        load(file, {})


# The command


CONFIG = """timezone: UTC
brands: [{name: Acme, own: true, aliases: [AC]}, {name: Bolt}]
tags: [{name: sales, query: 'price OR buy', route: sales}]
sentiment: {engine: vader}
storage: {url: "sqlite:///listener.db"}
"""
ROWS = """{"id": "a", "text": "buy Acme", "created_at": "2026-11-02T08:00:00Z"}
{"id": "b", "text": "Acme or Bolt", "created_at": "2026-11-03T08:00:00Z"}
"""


@pytest.fixture
def shop(line: CommandLine) -> CommandLine:
    line.configure(CONFIG)
    line.good("import", line.file("shop.jsonl", ROWS))
    return line


def test_tags_by_hand_and_by_rule_are_listed(shop: CommandLine) -> None:
    assert shop.good("tag", "add", "vip", "2", "--brand", "ac", "--by", "ann").out.startswith(
        "1 mention tagged"
    )
    assert "bore it already" in shop.good("tag", "add", "vip", "2", "--brand", "Acme").out
    found = shop.good("tag", "list", "--json").json()
    assert [(one["brand"], one["tag"], one["route"], one["mentions"]) for one in found] == [
        ("Acme", "sales", "sales", 1),
        ("Acme", "vip", None, 1),
        ("Bolt", "sales", "sales", 0),
    ]
    late = shop.good("tag", "list", "--since", "2026-11-03", "--brand", "Acme", "--json").json()
    assert [(one["tag"], one["mentions"]) for one in late] == [("sales", 0), ("vip", 1)]
    assert shop.good("tag", "list", "1").out == "Acme  sales  by a rule\n"
    assert shop.good("tag", "list", "2").out == "Acme  vip  by ann\n"
    assert "Acme  sales  1 mention  to sales\n" in shop.good("tag", "list").out
    shop.good("tag", "remove", "vip", "2")
    assert shop.good("tag", "list", "2").out == "Nothing is tagged.\n"
    assert shop("tag", "remove", "vip", "2").code == 1


def test_numbers_of_a_tag(shop: CommandLine) -> None:
    asked = ("kpi", "mentions", "--brand", "Acme", "--json")
    assert [v["value"] for tag in ((), ("--tag", "sales")) for v in shop.good(*asked, *tag).json()] == [2, 1]
    assert shop("kpi", "--tag", "x" * 60).code == 2
    # A tag that nothing bears would make every number 0.
    mistyped = shop("kpi", "mentions", "--tag", "sale")
    assert mistyped.code == 2
    assert "there is no tag 'sale'; did you mean sales?" in mistyped.err


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("add", "vip", "2"), "name the brand that you mean"),
        (("add", "vip", "9"), "post 9 is no mention that is kept"),
        (("add", "\n", "1"), "1 to 50 characters"),
        (("list", "--brand", "Zap"), "there is no brand 'Zap'"),
        (("list", "--since", "2026-11-03", "--until", "2026-11-02"), "since must lie before until"),
        (("remove", "vip", "1", "--brand", "Zap"), "there is no brand 'Zap'"),
    ],
)
def test_what_is_not_clear_is_wrong_usage(shop: CommandLine, words: tuple[str, ...], says: str) -> None:
    ran = shop("tag", *words)
    assert (ran.code, says in ran.err) == (2, True), ran.err
    assert shop.good("tag", "list", "2").out == "Nothing is tagged.\n"

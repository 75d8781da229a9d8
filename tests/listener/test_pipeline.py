"""From a post to what is kept of it: whose it is, when it was, what is left of strange texts, what the engine sees."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from pages import tone

from listener.collectors.post import (
    AHEAD,
    EARLIEST,
    LONGEST_TEXT,
    AccountGone,
    Delete,
    Edit,
    Page,
    Post,
    plausible,
)
from listener.pipeline import Pipeline, clean
from sentiment.tone import Text, Tone
from storage.mention import Brand, Gap, Heard, Kept, SetAside, Source
from storage.mention import Reading as Counters

NOW = 1_790_000_000
HACKERNEWS = Source("hackernews", "hackernews")
FEED = Source("feed:example", "feeds")
FORUM = Source("forum", "import")
BRANDS = (
    Brand("Acme", own=True, aliases=("Acme Corp",), handles={"hackernews": "acme_hq", "forum": "@AcmeHelp"}),
    Brand("Bolt", handles={"hackernews": "bolt"}),
    Brand("Zap", handles={"hackernews": "acme_hq"}),
)


class Reading:
    """An engine that remembers what it was given."""

    name = "reading-1"

    def __init__(self) -> None:
        self.texts: list[Text] = []

    def judge(self, texts: Sequence[Text]) -> list[Tone]:
        self.texts += texts
        return [tone("neutral") for _ in texts]


@pytest.fixture
def engine() -> Reading:
    return Reading()


@pytest.fixture
def pipeline(engine: Reading) -> Pipeline:
    return Pipeline(BRANDS, engine)


def keep(pipeline: Pipeline, *posts: Post, source: Source = HACKERNEWS, first: bool = False) -> Kept:
    return pipeline.keep(Page(posts, {"at": 1}, Heard(NOW - 60, NOW), first), source, NOW)


def post(text: str = "acme", **fields: object) -> Post:
    return Post(**{"native_id": "1", "text": text, "published_at": NOW - 9, **fields})  # type: ignore[arg-type]


def test_a_page_keeps_its_cursor_its_coverage_and_what_was_set_aside(pipeline: Pipeline) -> None:
    aside = SetAside("9", "ValueError", "{}")
    page = Page([post()], {"at": 1}, Heard(NOW - 60, NOW), False, [aside])
    kept = pipeline.keep(page, HACKERNEWS, NOW)
    assert (kept.cursor, kept.heard, kept.set_aside, kept.live) == (
        {"at": 1},
        Heard(NOW - 60, NOW),
        [aside],
        True,
    )
    assert kept.source is HACKERNEWS


def test_posts_of_a_first_poll_are_not_live(pipeline: Pipeline) -> None:
    assert keep(pipeline, post(), first=True).live is False
    assert pipeline.keep(Page([post()], None), HACKERNEWS, NOW, live=False).live is False


def test_a_post_is_judged_towards_each_brand_that_it_names(pipeline: Pipeline, engine: Reading) -> None:
    (kept,) = keep(pipeline, post("acme or bolt?")).posts
    assert [mention.brand for mention in kept.mentions] == ["Acme", "Bolt"]
    assert all(mention.matched and mention.tone for mention in kept.mentions)
    assert engine.texts == [
        Text("brand or brand?", None, "Acme", ((0, 5),), ((9, 14),)),
        Text("brand or brand?", None, "Bolt", ((9, 14),), ((0, 5),)),
    ]


def test_a_strangers_handle_and_word_are_no_other_brand(engine: Reading) -> None:
    pipeline = Pipeline([Brand("Acme"), Brand("Bolt", handles={"hackernews": "boltly"})], engine)
    keep(pipeline, post("acme, the brand, not @boltly, says @joe"))
    at = [text.others for text in engine.texts if text.target == "Acme"]
    assert at == [((22, 27),)]


def test_brands_that_are_named_nowhere_share_one_judgement(engine: Reading) -> None:
    topics = [Brand("Tea", query="tea", topic=True), Brand("Cups", query="cup", topic=True), Brand("Acme")]
    (kept,) = keep(Pipeline(topics, engine), post("a cup of tea at acme")).posts
    assert engine.texts == [
        Text("a cup of tea at brand"),
        Text("a cup of tea at brand", None, "Acme", ((16, 21),)),
    ]
    assert all(mention.tone for mention in kept.mentions)


def test_a_mention_that_bears_a_tone_keeps_it(pipeline: Pipeline, engine: Reading) -> None:
    named = pipeline.name(post("acme or bolt?"), HACKERNEWS, NOW)
    known = Tone("negative", 0.8, 0.1, 0.1, "an-engine")
    mentions = tuple(replace(m, tone=known if m.brand == "Acme" else None) for m in named.mentions)
    (judged,) = pipeline.judge([replace(named, mentions=mentions)])
    assert [m.tone == known for m in judged.mentions] == [True, False]
    assert [text.target for text in engine.texts] == ["Bolt"]


def test_a_post_that_names_nobody_is_left_out(pipeline: Pipeline) -> None:
    assert keep(pipeline, post("nothing of interest")).posts == []


def test_what_a_brand_writes_is_kept_and_no_mention_of_itself(pipeline: Pipeline, engine: Reading) -> None:
    (kept,) = keep(pipeline, post("bolt is slower than acme", author="BOLT")).posts
    found = {mention.brand: mention for mention in kept.mentions}
    assert (found["Bolt"].own, found["Bolt"].tone) == (True, None)
    assert (found["Acme"].own, found["Acme"].tone is not None) == (False, True)
    (silent,) = keep(pipeline, post("thanks!", author="@bolt")).posts
    assert [(m.brand, m.matched, m.own) for m in silent.mentions] == [("Bolt", False, True)]
    assert len(engine.texts) == 1, "own posts are not judged"


def test_one_account_may_speak_for_two_brands(pipeline: Pipeline) -> None:
    (kept,) = keep(pipeline, post("hello", author="acme_hq")).posts
    assert [(m.brand, m.own) for m in kept.mentions] == [("Acme", True), ("Zap", True)]


@pytest.mark.parametrize(
    ("source", "author", "own"),
    [
        (HACKERNEWS, "acme_hq", True),
        (HACKERNEWS, "Acme_HQ", True),
        (HACKERNEWS, "AcmeHelp", False),
        (FORUM, "acmehelp", True),
        (FORUM, "acme_hq", False),
        (FEED, "acme_hq", False),
        (HACKERNEWS, None, False),
        (HACKERNEWS, "", False),
    ],
)
def test_a_handle_is_the_brands_own_on_its_network_alone(
    pipeline: Pipeline, source: Source, author: str | None, own: bool
) -> None:
    (kept,) = keep(pipeline, post("acme", author=author), source=source).posts
    assert kept.mentions[0].own is own


@pytest.mark.parametrize(
    ("source", "text", "addressed"),
    [
        (HACKERNEWS, "@acme_hq help", True),
        (HACKERNEWS, "@AcmeHelp, acme", False),
        (FORUM, "@acmehelp help", True),
        (HACKERNEWS, "acme is fine", False),
    ],
)
def test_calling_the_handle_of_that_network_asks_for_an_answer(
    pipeline: Pipeline, source: Source, text: str, addressed: bool
) -> None:
    (kept,) = keep(pipeline, post(text), source=source).posts
    assert {m.brand: m.addressed for m in kept.mentions}["Acme"] is addressed


def test_the_word_of_an_imported_row_stands_instead_of_the_query(pipeline: Pipeline) -> None:
    named = pipeline.name_as(post("only bolt here"), FORUM, NOW, "Acme")
    assert [(m.brand, m.matched, m.own, m.addressed) for m in named.mentions] == [
        ("Acme", True, False, False)
    ]
    called = pipeline.name_as(post("@AcmeHelp hello"), FORUM, NOW, "Acme")
    assert called.mentions[0].addressed
    written = pipeline.name_as(post("hello", author="AcmeHelp"), FORUM, NOW, "Acme")
    assert written.mentions[0].own


def test_what_a_post_is_about_is_mentioned_without_being_named(pipeline: Pipeline) -> None:
    (kept,) = keep(pipeline, post("it crashes, bolt is better", about="Acme")).posts
    assert {m.brand: (m.matched, m.own, m.by_query, m.tone is not None) for m in kept.mentions} == {
        "Acme": (True, False, False, True),
        "Bolt": (True, False, True, True),
    }
    (named,) = keep(pipeline, post("acme crashes", about="Acme")).posts
    assert [(m.brand, m.by_query) for m in named.mentions] == [("Acme", True)]
    (own,) = keep(pipeline, post("we are sorry", author="AcmeHelp", about="Acme"), source=FORUM).posts
    assert [(m.brand, m.matched, m.own) for m in own.mentions] == [("Acme", False, True)]
    assert keep(pipeline, post("it crashes", about="Nobody")).posts == []


def test_an_automatic_post_is_marked_where_the_brand_wrote_it(pipeline: Pipeline) -> None:
    (kept,) = keep(pipeline, post("acme and bolt", author="bolt", automatic=True)).posts
    assert {m.brand: m.automatic for m in kept.mentions} == {"Acme": False, "Bolt": True}


def test_a_reply_that_names_nobody_is_passed_on_without_mentions_and_not_judged(
    pipeline: Pipeline, engine: Reading
) -> None:
    (kept,) = keep(pipeline, post("any news?", in_reply_to="7", thread="t")).posts
    assert (kept.mentions, kept.in_reply_to, kept.thread) == ((), "7", "t")
    assert engine.texts == []


def test_names_and_handles_are_masked_before_they_are_judged(pipeline: Pipeline, engine: Reading) -> None:
    text = "Acme Corp and bolt and @acme_hq are nice"
    (kept,) = keep(pipeline, post(text, language="en")).posts
    assert kept.text == text
    assert [seen.target for seen in engine.texts] == ["Acme", "Bolt", "Zap"]
    for seen in engine.texts:
        for name in ("acme", "bolt"):
            assert name not in seen.text.casefold()
        assert "are nice" in seen.text
        assert seen.lang == "en"


@pytest.mark.parametrize(
    ("published_at", "dated"),
    [
        (NOW - 9, True),
        (NOW + AHEAD, True),
        (NOW + AHEAD + 1, False),
        (EARLIEST, True),
        (EARLIEST - 1, False),
        (0, False),
        (-5, False),
        (10**30, False),
        (None, False),
    ],
)
def test_a_missing_or_impossible_time_is_replaced_and_flagged(
    pipeline: Pipeline, published_at: int | None, dated: bool
) -> None:
    assert plausible(published_at, NOW) is dated
    (kept,) = keep(pipeline, post(published_at=published_at)).posts
    assert kept.dated is dated
    assert kept.published_at == (published_at if dated else NOW)
    assert kept.fetched_at == NOW


@pytest.mark.parametrize(
    ("dirty", "tidy"),
    [
        ("plain", "plain"),
        ("a\0b\0", "ab"),
        ("half \ud83d pair", "half ? pair"),
        ("\udfff", "?"),
        ("whole \U0001f600 pair", "whole \U0001f600 pair"),
        ("Ünï\u200cکد", "Ünï\u200cکد"),
        ("é\0\ud800", "é?"),
        ("", ""),
    ],
)
def test_what_a_store_cannot_hold_is_taken_out(dirty: str, tidy: str) -> None:
    assert clean(dirty) == tidy
    clean(dirty).encode("utf-8")


def test_a_long_text_is_kept_and_an_endless_one_cut() -> None:
    assert clean("x" * 100_000) == "x" * 100_000
    assert len(clean("é" * 10_000_000)) == LONGEST_TEXT


def test_every_field_of_strangers_is_cleaned(pipeline: Pipeline) -> None:
    bad = "x\0\ud800"
    fields = dict.fromkeys(("native_id", "title", "author", "url", "language", "in_reply_to", "thread"), bad)
    (kept,) = keep(pipeline, post("acme" + bad, **fields)).posts
    for name in fields:
        assert getattr(kept, name) == "x?"
    assert kept.text == "acmex?" or kept.text == "acme x?"


def test_empty_fields_are_none(pipeline: Pipeline) -> None:
    (kept,) = keep(pipeline, post(title="", author="", url="", thread="")).posts
    assert (kept.title, kept.author, kept.url, kept.thread) == (None, None, None, None)


def test_queries_are_told_everything_that_they_may_ask_about(engine: Reading) -> None:
    facts = {
        "title": "A Pot",
        "url": "https://blog.example.com/1",
        "author": "Eve",
        "language": "en-GB",
        "in_reply_to": "7",
    }
    query = "title:pot site:example.com author:eve lang:en type:comment source:hackernews"
    pipeline = Pipeline([Brand("Acme", query=query)], engine)
    (kept,) = keep(pipeline, post("nothing", **facts)).posts
    assert [mention.brand for mention in kept.mentions] == ["Acme"]
    for name in facts:
        less = keep(pipeline, post("nothing", **{**facts, name: None})).posts
        assert not any(kept.mentions for kept in less), name


def test_names_in_one_language_are_masked_too(engine: Reading) -> None:
    pipeline = Pipeline([Brand("Sprout", aliases=("SPT",), aliases_in={"sv": ("Gro",)})], engine)
    (kept,) = keep(pipeline, post("Gro and SPT are good", language="sv")).posts
    assert kept.mentions
    assert engine.texts == [Text("brand and brand are good", "sv", "Sprout", ((0, 5), (10, 15)))]


def test_events_of_a_page_reach_the_store_each_in_its_place(pipeline: Pipeline, engine: Reading) -> None:
    counted = Counters("1", NOW, {"likes": 3})
    page = Page(
        [post(), Edit(post("Bolt now", native_id="2")), Delete("3"), AccountGone("did:4"), counted],
        {"at": 1},
        cut=2,
        gap=Gap(NOW - 60, NOW - 30, "why"),
        set_aside=[SetAside("9", "ValueError", "{}")],
    )
    kept = pipeline.keep(page, HACKERNEWS, NOW)
    assert [p.native_id for p in kept.posts] == ["1"]
    assert [(p.native_id, [m.brand for m in p.mentions]) for p in kept.edits] == [("2", ["Bolt"])]
    assert kept.edits[0].mentions[0].tone is not None
    assert (kept.deleted, kept.departed, kept.readings) == (["3"], ["did:4"], [counted])
    assert kept.definitions == {brand.name: brand.definition for brand in BRANDS}
    assert (kept.items, kept.cut, kept.gap) == (6, 2, Gap(NOW - 60, NOW - 30, "why"))
    assert len(engine.texts) == 2


def test_an_edit_that_names_nobody_any_more_is_passed_on(pipeline: Pipeline) -> None:
    (edited,) = pipeline.keep(Page([Edit(post("nothing"))], None), HACKERNEWS, NOW).edits
    assert edited.mentions == ()


def test_what_concerns_nobody_goes_into_the_sample_and_a_near_miss_says_so(engine: Reading) -> None:
    pipeline = Pipeline([Brand("Acme", query="acme NOT street")], engine)
    posts = [post("acme"), post("acme street", native_id="2"), post("else", native_id="3")]
    kept = keep(pipeline, *posts, post("else", native_id="4", in_reply_to="1"))
    assert [p.native_id for p in kept.posts] == ["1", "4"]
    assert [(u.post.native_id, u.near) for u in kept.unmatched] == [("2", True), ("3", False), ("4", False)]
    assert [p.native_id for p in kept.posts if not p.mentions] == ["4"]


def test_the_word_of_an_import_is_no_word_of_the_query(pipeline: Pipeline) -> None:
    named = pipeline.name_as(post("nothing"), FORUM, NOW, "Acme")
    assert [m.by_query for m in named.mentions] == [False]
    assert [m.by_query for m in pipeline.name(post(), FORUM, NOW).mentions] == [True]


def test_the_words_of_a_topic_are_not_masked_like_names(engine: Reading) -> None:
    pipeline = Pipeline([Brand("Good kettles", topic=True), Brand("Acme")], engine)
    keep(pipeline, post("good kettles by acme"))
    assert "good kettles" in engine.texts[0].text.lower()
    assert "acme" not in engine.texts[0].text.lower()


def test_a_kept_post_is_named_again_by_the_queries_of_today(engine: Reading) -> None:
    before = keep(Pipeline([Brand("Acme")], engine), post("acme and bolt")).posts[0]
    again = Pipeline([Brand("Bolt")], engine).name_again(before, HACKERNEWS)
    assert [(m.brand, m.matched, m.tone) for m in again] == [("Bolt", True, None)]


def test_the_follower_count_of_an_author_can_be_asked_for(engine: Reading) -> None:
    pipeline = Pipeline([Brand("Acme", query="acme min_followers:100")], engine)
    posts = [post(followers=n, native_id=str(n)) for n in (None, 99, 100)]
    assert [p.native_id for p in keep(pipeline, *posts).posts] == ["100"]

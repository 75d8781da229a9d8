"""Every KPI of what is heard and decided by hand: its declared example, kept in a store, comes out of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import pytest
from bringing import bring, row
from keeping import DAY, FORUM, HOUR, NEWS, T0, UTC, asks, keep, names, own, post, tone, value
from worked import work_out

from sentiment.tone import Label
from storage.desk import cases, tags
from storage.kpi import KPIS, KpiValue
from storage.kpi.imported import Measured
from storage.mention import Brand, Counted, Kept, KeptPost, Mention, Reading, Sampled, Source
from storage.sqlite import SqliteStore
from storage.stats.business_hours import BusinessHours, parse_week

HEARD = {name: kpi for name, kpi in KPIS.items() if not isinstance(kpi.read, Measured)}
TODAY, WEEK = (T0, T0 + DAY), (T0 - 2 * DAY, T0 + 5 * DAY)
ACME, BOLT, ZAP = Brand("Acme", own=True), Brand("Bolt"), Brand("Zap")
OFFICE = Brand("Acme", business_hours=BusinessHours(UTC, parse_week({"mon-fri": "09:00-18:00"})))
MASTODON = Source("mastodon", "mastodon")
X = Source("x", "x")
FRIDAY, MONDAY = T0 + 2 * DAY, T0 + 5 * DAY
UNHEARD = {
    "non_follower_share": "follower lists are not collected yet",
    "influencers.tier5": "who never writes is not heard",
}
"""What no source tells so far: NULL, and why."""


def said(
    store: SqliteStore,
    brand: str,
    *labels: Label | None,
    at: int = T0,
    source: Source = NEWS,
    **more: object,
) -> None:
    """A mention for each label, by an engine of which nothing was measured: what it says is counted as it is."""
    (count,) = store.rows("SELECT count(*) FROM posts")[0]
    judged = [Mention(brand, tone=tone(label, engine="unmeasured-1")) for label in labels]
    keep(store, [post(f"{count + n}", at, one, **more) for n, one in enumerate(judged)], source)


def seven_of_ten(store: SqliteStore) -> None:
    keep(store, [post(f"own{n}", T0, own("Acme")) for n in range(2)])
    said(store, "Acme", *["neutral"] * 7)
    said(store, "Bolt", *["neutral"] * 3)


def one_is_loud(store: SqliteStore) -> None:
    said(store, "Acme", *["neutral"] * 10, author="ana")
    said(store, "Bolt", "neutral", author="ben")
    said(store, "Bolt", "neutral", author="cleo")


def praise_and_blame(store: SqliteStore) -> None:
    said(store, "Acme", "positive", "positive", "positive", "negative")
    said(store, "Bolt", "positive")
    said(store, "Zap", "negative", "negative")


def read(store: SqliteStore, name: str, source: Source = NEWS, at: int = T0 + 60, **counters: int) -> None:
    store.commit(Kept(source, [], readings=[Reading(name, at, counters)]))


def answers_and_likes(store: SqliteStore) -> None:
    for name, brand, counters in (("a", "Acme", {"likes": 20, "replies": 2}), ("b", "Bolt", {"likes": 66})):
        keep(store, [post(name, T0, names(brand))])
        read(store, name, **counters)


def audiences(store: SqliteStore) -> None:
    keep(store, [post("1", T0, names("Acme"), author="ana", followers=1000)])
    keep(store, [post("2", T0, names("Acme"), names("Bolt"), author="ben", followers=500)])


def one_is_paid(store: SqliteStore) -> None:
    said(store, "Acme", *["neutral"] * 4)
    said(store, "Bolt", *["neutral"] * 2)
    with store.writing() as db:
        tags.add(db, "paid", "Acme", [1], by="ann", now=T0)


def called_and_answered(store: SqliteStore) -> None:
    keep(store, [post("own", T0, own("Acme")), post("call", T0, asks("Acme"))])
    keep(store, [post("reply", T0, names("Acme"), in_reply_to="own")])
    said(store, "Acme", *["neutral"] * 3)


def two_are_deleted(store: SqliteStore) -> None:
    keep(store, [post(str(n), T0, names("Acme"), author="ana", author_id="1") for n in range(5)])
    store.commit(Kept(NEWS, [], deleted=["1", "3"], at=T0 + DAY))


RELEASE = "Acme opens a new plant for blue kettles near the old harbour of Porto this autumn"


def one_release_in_thirty_papers(store: SqliteStore) -> None:
    for n in range(30):
        paper = Source(f"paper {n}", "feeds")
        keep(store, [post("1", T0, names("Acme"), text=RELEASE)], paper, heard=(T0 - DAY, T0 + 7 * DAY))
    said(store, "Bolt", "neutral")


def two_feeds_and_ana(store: SqliteStore) -> None:
    for n in range(2):
        told = post("1", T0, names("Acme"), text=RELEASE, author=f"editor {n}")
        keep(store, [told], Source(f"paper {n}", "feeds"), heard=(T0 - DAY, T0 + 7 * DAY))
    said(store, "Acme", "neutral", "neutral", source=FORUM, author="ana")


def followers_of_both(store: SqliteStore) -> None:
    for brand, followers in (("Acme", 300), ("Bolt", 100)):
        bring(store, row("native", "followers", followers, "2023-11-15", network="instagram"), brand=brand)


def ana_comes_back(store: SqliteStore) -> None:
    said(store, "Acme", "neutral", at=T0 - DAY, author="ana")
    said(store, "Acme", "positive", "positive", author="ana")
    said(store, "Acme", "positive", author="ben")


def twenty_authors(store: SqliteStore) -> None:
    # In a forum: who writes in a feed is of the first tier whoever reads it.
    for n in range(1, 21):
        said(store, "Acme", "neutral", source=FORUM, author=f"a{n}", followers=n)
    said(store, "Acme", "positive", "positive", source=FORUM, author="a3", followers=3)
    for known in ("a20", "a19"):
        said(store, "Acme", "neutral", source=FORUM, at=T0 - 30 * DAY, author=known)


def hashtags(store: SqliteStore) -> None:
    for text in ("#sale", "#SALE #new"):
        said(store, "Acme", "neutral", text=text)


def more_hashtags(store: SqliteStore) -> None:
    said(store, "Acme", *["neutral"] * 20, at=T0 - 1, text="#sale")
    said(store, "Acme", *["neutral"] * 30, text="#sale")


def ana_speaks_twice(store: SqliteStore) -> None:
    said(store, "Acme", "neutral", "neutral", author="ana", followers=1000)
    said(store, "Acme", "neutral", author="ben", followers=500)


def two_of_three_are_read(store: SqliteStore) -> None:
    for source in (MASTODON, FORUM, NEWS):
        keep(store, [post("m", T0, names("Acme"))], source)
    read(store, "m", MASTODON, likes=7, reposts=3, quotes=2, replies=1)
    read(store, "m", FORUM, points=5, comments=4)


def liked_when_a_day_old(store: SqliteStore) -> None:
    for name, at, likes in (("old", T0 - DAY, 4), ("new", T0, 6)):
        keep(store, [post(name, at, names("Acme"))])
        read(store, name, at=at + HOUR, likes=likes)
    read(store, "old", at=T0 + 5 * DAY, likes=40)


def twelve_ten_and_nine(store: SqliteStore) -> None:
    for likes in (12, 10, 9):
        keep(store, [post(str(likes), T0, names("Acme"))])
        read(store, str(likes), likes=likes)


def talk(thread: str, *turns: int) -> list[KeptPost]:
    """Who asks and the brand take turns; a negative number is asked once more."""
    made, asking = [], True
    for n, at in enumerate(turns):
        mention = asks("Acme") if asking or at < 0 else own("Acme")
        made.append(post(f"{thread}{n}", T0 + abs(at), mention, thread=thread))
        asking = mention.own
    return made


def four_talks(store: SqliteStore) -> None:
    for n, turns in enumerate(((0, 10), (0, 30), (0, 7200), (0,))):
        keep(store, talk(f"t{n}", *turns))


def asked_again(store: SqliteStore) -> None:
    keep(store, talk("t", 0, 60, 100, -150, 300))


def over_a_weekend(store: SqliteStore) -> None:
    keep(store, talk("t", FRIDAY - T0 + 17 * HOUR + HOUR // 2, MONDAY - T0 + 9 * HOUR + HOUR // 2))


def fetched_late(store: SqliteStore) -> None:
    keep(store, [KeptPost(str(n), "text", T0, T0 + n, mentions=(names("Acme"),)) for n in (10, 20, 40, 300)])


def case(store: SqliteStore, *done: tuple[str, int]) -> None:
    """A case of which this was done at these seconds after T0; "assign ann" names to whom."""
    (count,) = store.rows("SELECT count(*) FROM posts")[0]
    keep(store, [post(f"case{count}", T0 - HOUR, asks("Acme"))])
    (number,) = store.rows("SELECT max(id) FROM posts")[0]
    with store.writing() as db:
        made = cases.open_case(db, "Acme", number, now=T0 + done[0][1])
        for kind, at in done[1:]:
            verb, _, assignee = kind.partition(" ")
            cases.act(db, made.id, verb, now=T0 + at, assignee=assignee or None)  # type: ignore[arg-type]


def three_closed_one_again_open(store: SqliteStore) -> None:
    for again in ((), (), (("reopen", 2 * HOUR),)):
        case(store, ("open", 0), ("solve", HOUR), *again)


def three_opened_two_closed(store: SqliteStore) -> None:
    case(store, ("open", 0))
    case(store, ("open", 0), ("solve", HOUR))
    case(store, ("open", 0), ("solve", HOUR), ("reopen", 2 * HOUR))


def four_and_six_solved(store: SqliteStore) -> None:
    for at in (*[-7 * DAY] * 4, *[0] * 6):
        case(store, ("open", at), ("solve", at + HOUR))


def one_two_and_three_hours(store: SqliteStore) -> None:
    for end in ((("solve", HOUR),), (("solve", 2 * HOUR),), ()):
        case(store, ("open", 0), *end)


def handed_on(store: SqliteStore) -> None:
    case(store, ("open", 0), ("assign ann", 0), ("solve", HOUR))
    case(store, ("open", 0), ("assign ann", 0), ("assign bob", 30), ("solve", HOUR))
    case(store, ("open", 0), ("assign bob", 0))


def six_judged_of_seven(store: SqliteStore) -> None:
    said(store, "Acme", *["positive"] * 3, *["negative"] * 2, "neutral", None)


def four_judged_of_five(store: SqliteStore) -> None:
    said(store, "Acme", "negative", "negative", "positive", "neutral", None)


def three_after_two(store: SqliteStore) -> None:
    for label in ("positive", "negative"):
        said(store, "Acme", *[label] * 2, at=T0 - 1)  # type: ignore[list-item]
        said(store, "Acme", *[label] * 3)  # type: ignore[list-item]


def eighty_of_a_hundred(store: SqliteStore) -> None:
    """In each half of an hour in which X counted 100 posts, a slice with ten posts was read, 8 of them mentions."""
    with store.writing() as db:
        db.run_many("INSERT OR IGNORE INTO brands (name) VALUES (?)", [("Acme",), ("Bolt",)])
    counted = [Counted("Acme", T0, T0 + HOUR, 100), Counted("Bolt", T0, T0 + HOUR, 20)]
    for half in (T0, T0 + HOUR // 2):
        said(store, "Acme", *["positive"] * 4, *["negative"] * 2, *["neutral"] * 2, at=half, source=X)
        store.commit(Kept(X, [], counted=counted, sampled=[Sampled("Acme", half, half + 360, 10)]))


def eighty_and_three(store: SqliteStore) -> None:
    eighty_of_a_hundred(store)
    said(store, "Acme", *["neutral"] * 3)


@dataclass(frozen=True)
class Story:
    """What is told to the store before which KPIs are asked for, and how."""

    told: Callable[[SqliteStore], None]
    kpis: tuple[str, ...]
    window: tuple[int, int] = TODAY
    brands: tuple[Brand, ...] = (ACME, BOLT, ZAP)
    more: Mapping[str, object] = field(default_factory=dict)


SHARE = "share_of_voice"
STORIES = (
    Story(seven_of_ten, ("mentions", SHARE)),
    Story(one_is_loud, (f"{SHARE}.authors",)),
    Story(praise_and_blame, (f"{SHARE}.positive", f"{SHARE}.net")),
    Story(answers_and_likes, (f"{SHARE}.interactions",)),
    Story(audiences, (f"{SHARE}.reach",)),
    Story(one_is_paid, (f"{SHARE}.organic",)),
    Story(called_and_answered, ("mentions.direct", "mentions.indirect")),
    Story(two_are_deleted, ("mentions.as_now",)),
    Story(one_release_in_thirty_papers, ("mentions.stories", "share_of_voice.stories")),
    Story(two_feeds_and_ana, ("mentions.publishers",)),
    Story(followers_of_both, (f"{SHARE}.followers",), brands=(ACME, BOLT)),
    Story(ana_comes_back, ("authors", "new_authors", "returning_author_share", "advocates")),
    Story(twenty_authors, (*(f"influencers.tier{n}" for n in range(1, 5)), "new_influencers")),
    Story(hashtags, ("hashtags",)),
    Story(more_hashtags, ("hashtag_growth",)),
    Story(ana_speaks_twice, tuple(f"potential_reach.{end}" for end in ("low", "high", "theoretical"))),
    Story(two_of_three_are_read, ("likes", "shares", "comments", "interactions", "engagement_per_post")),
    Story(liked_when_a_day_old, ("interaction_growth",), more={"now": T0 + 2 * DAY + 60}),
    Story(twelve_ten_and_nine, ("posts_above",), brands=(Brand("Acme", interaction_threshold=10),)),
    Story(four_talks, ("first_response_time", "response_rate")),
    Story(over_a_weekend, ("first_response_time.business",), WEEK, (OFFICE,)),
    Story(asked_again, ("next_response_time",)),
    Story(fetched_late, ("detection_lag",)),
    Story(three_closed_one_again_open, ("solutions",)),
    Story(three_opened_two_closed, ("cases_open",)),
    Story(four_and_six_solved, ("solutions_growth",), WEEK),
    Story(one_two_and_three_hours, ("time_to_solve",), more={"now": T0 + 3 * HOUR}),
    Story(handed_on, ("case_completion",)),
    Story(
        six_judged_of_seven, ("positive_mentions", "positive_share", "negative_share", "net_sentiment"), WEEK
    ),
    Story(four_judged_of_five, ("negative_mentions",)),
    Story(three_after_two, ("positive_growth", "negative_growth")),
    Story(eighty_and_three, ("mentions.counted", f"{SHARE}.counted"), brands=(ACME, BOLT)),
    Story(eighty_of_a_hundred, ("positive_share.sampled", "negative_share.sampled")),
)


def ask(store: SqliteStore, story: Story, kpi: str) -> KpiValue:
    for source in (NEWS, FORUM, MASTODON, X):
        keep(store, [], source, heard=(T0 - 60 * DAY, T0 + 60 * DAY))
    story.told(store)
    return value(store, kpi, story.window, brands=story.brands, **story.more)


def test_every_kpi_has_its_example_here() -> None:
    listed = [kpi for story in STORIES for kpi in story.kpis]
    assert sorted((*listed, *UNHEARD)) == sorted(HEARD)


@pytest.mark.parametrize(
    ("story", "kpi"), [pytest.param(story, kpi, id=kpi) for story in STORIES for kpi in story.kpis]
)
def test_the_example_comes_out_of_the_store_as_by_hand(store: SqliteStore, story: Story, kpi: str) -> None:
    found, example = ask(store, story, kpi), KPIS[kpi].example
    assert example is not None
    assert found.reason is None
    assert found.value == pytest.approx(example.value)
    assert {name: found.more[name] for name in example.numbers} == pytest.approx(dict(example.numbers))
    assert work_out(KPIS[kpi].worked, found.more) == pytest.approx(found.value)


@pytest.mark.parametrize("kpi", UNHEARD)
def test_what_no_source_tells_is_null_and_says_why(store: SqliteStore, kpi: str) -> None:
    found = ask(store, STORIES[0], kpi)
    assert (found.value, found.reason) == (None, UNHEARD[kpi])

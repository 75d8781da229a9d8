"""Whatever happens to mentions, in whatever order, the roll-ups are what plain Python makes of the facts."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import combinations
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from keeping import DAY, FORUM, HOUR, NEWS, T0, UTC, names, post, tone

from sentiment.tone import LABELS, Tone
from storage import rejudging, rematching, rollups
from storage.mention import Kept, KeptPost, Mention, Reading
from storage.rematching import Rematched
from storage.rollups.rebuilding import Difference
from storage.sqlite import SqliteStore

# An hour away from UTC by a quarter, with changes of the clock, and with a new year inside of the times below.
ZONES = [ZoneInfo("Europe/Madrid"), ZoneInfo("Asia/Kathmandu"), ZoneInfo("America/New_York")]
NEW_YEAR = int(datetime(2024, 1, 1, tzinfo=UTC).timestamp())
BRANDS = ("Acme", "Bolt", "Cog")

RELEASE = "Acme opens a new plant for blue kettles near the old harbour of Porto this autumn"
OTHER = "Bolt takes back every kettle that it has sold since March because handles grow hot"

ids = st.sampled_from("abcdefgh")
times = st.one_of(
    st.integers(NEW_YEAR - 3 * DAY, NEW_YEAR + 3 * DAY),
    st.integers(NEW_YEAR - 200 * DAY, NEW_YEAR + 200 * DAY),
)
said = st.dictionaries(st.sampled_from(BRANDS), st.sampled_from([*LABELS, None]), max_size=3)
kept_posts = st.builds(
    lambda id_, at, about, author, account, followers, language, p, tags, words, copy_of: post(
        id_,
        at,
        *[Mention(brand, tone=tone(label, p)) for brand, label in about.items()],
        author=author,
        author_id=account,
        followers=followers,
        language=language,
        text=f"{words or f'{id_}{at}{about}'} {' '.join(tags)}",
        copy_of=copy_of,
    ),
    ids,
    times,
    said.filter(bool),
    st.sampled_from(["ana", "ben", None]),
    st.sampled_from(["1", "2", None]),
    st.sampled_from([None, 0, 5, 99, 100, 4_711]),
    st.sampled_from([None, "es", "de"]),
    st.floats(0.34, 1.0),
    st.lists(st.sampled_from(["#sale", "#SALE", "#café", "#1"]), max_size=3),
    st.sampled_from([None, RELEASE, f"RT @ana: {RELEASE}", RELEASE.rpartition(" ")[0], OTHER]),
    st.sampled_from([None, None, "a", "b"]),
)
pages = st.tuples(
    st.just("page"), st.sampled_from([NEWS, FORUM]), st.lists(kept_posts, max_size=6), st.booleans()
)
edits = st.tuples(st.just("edit"), st.sampled_from([NEWS, FORUM]), st.lists(kept_posts, max_size=3))
taken = st.tuples(st.just("delete"), st.sampled_from([NEWS, FORUM]), st.lists(ids, max_size=3))
left = st.tuples(st.just("depart"), st.sampled_from([NEWS, FORUM]), st.sampled_from(["1", "2"]))
judged = st.tuples(st.just("rejudge"), st.sampled_from(LABELS), st.sampled_from([None, *BRANDS]))
matched = st.tuples(st.just("rematch"), said)
# Views are no interaction, and enter no roll-up.
shown = st.builds(
    Reading,
    ids,
    st.integers(NEW_YEAR, NEW_YEAR + 99),
    st.dictionaries(st.sampled_from(["likes", "reposts", "quotes", "views"]), st.integers(-2, 5)),
)
read = st.tuples(st.just("read"), st.sampled_from([NEWS, FORUM]), st.lists(shown, max_size=4))
histories = st.lists(st.one_of(pages, pages, edits, taken, left, judged, matched, read), max_size=12)


def tell(store: SqliteStore, event: tuple[object, ...]) -> None:
    kind, *what = event
    if kind == "page":
        source, posts, live = what
        store.commit(Kept(source, posts, live=live, at=NEW_YEAR))
    elif kind == "edit":
        store.commit(Kept(what[0], [], edits=what[1], at=NEW_YEAR))
    elif kind == "delete":
        store.commit(Kept(what[0], [], deleted=what[1], at=NEW_YEAR))
    elif kind == "depart":
        store.commit(Kept(what[0], [], departed=[what[1]], at=NEW_YEAR))
    elif kind == "read":
        store.commit(Kept(what[0], [], readings=what[1], at=NEW_YEAR))
    elif kind == "rejudge":
        rejudge(store, *what)
    else:
        rematch(store, what[0])


def rejudge(store: SqliteStore, label: str, brand: str | None) -> None:
    with store.writing() as db:
        running = rejudging.begin(db, "other-1", brand, 0, NEW_YEAR)
    while page := rejudging.page(store, running, 2):
        tones: dict[tuple[int, str], Tone] = {
            (one.id, m.brand): tone(label, 0.6, "other-1")  # type: ignore[arg-type]
            for one in page
            for m in one.post.mentions
            if brand in (None, m.brand)
        }
        with store.writing() as db:
            running = rejudging.write(db, running, page, tones)
    with store.writing() as db:
        rejudging.finish(db, running, NEW_YEAR)


def rematch(store: SqliteStore, about: dict[str, str]) -> None:
    found = tuple(names(brand, label) for brand, label in about.items())  # type: ignore[arg-type]
    with store.writing() as db:
        kept = [Rematched(one, found) for one in rematching.kept_posts(db, 0)]
        rematching.apply(db, dict.fromkeys(BRANDS, ""), kept)


# The plain truth: from the rows of the facts, without any SQL that counts.


def facts(store: SqliteStore) -> list[tuple[object, ...]]:
    return store.rows(
        """SELECT m.brand_id, m.published_at, m.source_id, m.language, m.engine_id, m.label, m.live, m.p_positive,
        m.p_negative, m.author_id, p.followers FROM mentions m JOIN posts p ON p.id = m.post_id"""
    )


def first_second(at: int, zone: ZoneInfo, unit: int) -> int:
    day = datetime.fromtimestamp(at, zone).date()
    first = {
        1: day,
        2: day.replace(day=1),
        3: day - timedelta(days=day.isocalendar().weekday - 1),
        4: day.replace(month=1, day=1),
    }[unit]
    return int(datetime(first.year, first.month, first.day, tzinfo=zone).timestamp())


def true_cells(store: SqliteStore, zone: ZoneInfo) -> dict[object, tuple[int, ...]]:
    found: dict[object, list[int]] = defaultdict(lambda: [0] * 6)
    for brand, at, source, language, engine, label, live, positive, negative, *_ in facts(store):
        rest = (source, language or "", engine or 0, 2 if label is None else label, live)
        good, bad = (0 if p is None else int(p * 10_000 + 0.5) for p in (positive, negative))  # type: ignore[operator]
        for unit in (1, 2):
            cell = found[unit, brand, first_second(at, zone, unit), *rest]  # type: ignore[arg-type]
            for place, number in enumerate((1, good, bad, good * good, bad * bad, good * bad)):
                cell[place] += number
    return {key: tuple(sums) for key, sums in found.items()}


def true_quarters(store: SqliteStore) -> dict[object, tuple[int, ...]]:
    found: dict[object, list[int]] = defaultdict(lambda: [0] * 4)
    for brand, at, source, language, _, label, live, *_ in facts(store):
        cell = found[brand, at // 900, source, language or "", live]  # type: ignore[operator]
        cell[0] += 1
        if label is not None:
            cell[2 + label] += 1  # type: ignore[operator]
    return {key: tuple(sums) for key, sums in found.items()}


def true_authors(store: SqliteStore, zone: ZoneInfo) -> dict[object, list[tuple[object, object]]]:
    """(label, followers) of all mentions by (unit, start, source, author, brand)."""
    found: dict[object, list[tuple[object, object]]] = defaultdict(list)
    for brand, at, source, _, _, label, _, _, _, author, followers in facts(store):
        for unit in (2, 3, 4):
            found[unit, first_second(at, zone, unit), source, author, brand].append((label, followers))  # type: ignore[arg-type]
    return found


def said_in(mentions: list[tuple[object, object]]) -> tuple[int, int, int, int, object]:
    labels = [label for label, _ in mentions]
    told = [followers for _, followers in mentions if followers is not None]
    judged = sum(label is not None for label in labels)
    return len(labels), judged, labels.count(1), labels.count(-1), max(told, default=None)  # type: ignore[type-var]


def true_totals(authors: dict[object, list[tuple[object, object]]]) -> dict[object, tuple[int, ...]]:
    found: dict[object, list[int]] = defaultdict(lambda: [0] * 12)
    for (unit, start, source, author, brand), mentions in authors.items():  # type: ignore[misc]
        groups = [mentions] if author is not None else [[one] for one in mentions]
        for group in groups:
            n, j, p, g, followers = said_in(group)
            known = author is not None
            numbers = (
                int(known),
                int(not known),
                int(known and p > 0),
                (followers or 0) if known else 0,
                int(known and followers is not None),
                n * n,
                j * j,
                p * p,
                g * g,
                j * p,
                j * g,
                p * g,
            )
            for place, number in enumerate(numbers):
                found[unit, start, source, brand][place] += number  # type: ignore[operator]
    return {key: tuple(sums) for key, sums in found.items()}


def true_pairs(authors: dict[object, list[tuple[object, object]]]) -> dict[object, int]:
    by_author: dict[object, dict[object, int]] = defaultdict(dict)
    for (unit, start, source, author, brand), mentions in authors.items():  # type: ignore[misc]
        if author is not None:
            by_author[unit, start, source, author][brand] = len(mentions)
    found: Counter[object] = Counter()
    for (unit, start, source, _), brands in by_author.items():  # type: ignore[misc]
        for one, other in combinations(sorted(brands), 2):  # type: ignore[type-var]
            found[unit, start, source, one, other] += brands[one] * brands[other]
    return dict(found)


def true_standings(
    authors: dict[object, list[tuple[object, object]]], firsts: dict[object, int], zone: ZoneInfo
) -> dict[object, tuple[int]]:
    found: Counter[object] = Counter()
    for (unit, start, source, author, brand), mentions in authors.items():  # type: ignore[misc]
        if author is not None:
            _, _, praise, _, followers = said_in(mentions)
            new = first_second(firsts[brand, author], zone, unit) == start
            told = {None: -1, 4_711: 4_000}.get(followers, followers)  # type: ignore[call-overload]
            found[unit, start, brand, source, told, int(praise >= 2), int(new)] += 1
    return {key: (times,) for key, times in found.items()}


def true_firsts(store: SqliteStore) -> dict[object, int]:
    found: dict[object, int] = {}
    for brand, at, *_, author, _ in facts(store):
        if author is not None:
            found[brand, author] = min(at, found.get((brand, author), at))  # type: ignore[type-var]
    return found


def true_hashtags(store: SqliteStore, zone: ZoneInfo) -> dict[object, tuple[int]]:
    found: Counter[object] = Counter()
    for brand, at, source, text in store.rows(
        """SELECT m.brand_id, m.published_at, m.source_id, p.text FROM mentions m
        JOIN posts p ON p.id = m.post_id"""
    ):
        # What was taken back has no text, and so no hashtag either.
        borne = {tag for tag, sign in (("sale", "#sale"), ("cafe", "#café")) if sign in text.lower()}
        for tag in (*borne, *(["any"] if borne else [])):
            for unit in (1, 2):
                found[unit, brand, first_second(at, zone, unit), source, tag] += 1
    return {key: (times,) for key, times in found.items()}


def true_stories(store: SqliteStore, zone: ZoneInfo) -> dict[object, tuple[int]]:
    story_of = dict(store.rows("SELECT post_id, story_id FROM story_members"))
    found: Counter[object] = Counter()
    for brand, at, source, number in store.rows(
        "SELECT brand_id, published_at, source_id, post_id FROM mentions"
    ):
        if number in story_of:
            for unit in (1, 2):
                found[unit, brand, first_second(at, zone, unit), source, story_of[number]] += 1
    return {key: (times,) for key, times in found.items()}


def check_stories(store: SqliteStore) -> None:
    """Stories are two or more, bear the number of one of theirs, and are known by one that can be read."""
    sizes: Counter[int] = Counter()
    for _, story in store.rows("SELECT post_id, story_id FROM story_members"):
        sizes[story] += 1
        assert store.rows("SELECT story_id FROM story_members WHERE post_id = ?", (story,)) == [(story,)]
    assert all(size > 1 for size in sizes.values())
    unread = """SELECT count(*) FROM fingerprints f JOIN posts p ON p.id = f.post_id LEFT JOIN story_members m
        ON m.post_id = p.id WHERE p.erased_at IS NOT NULL OR coalesce(m.story_id, p.id) <> f.story_id"""
    assert store.rows(unread) == [(0,)]


def true_counters(store: SqliteStore, zone: ZoneInfo) -> dict[object, tuple[int, ...]]:
    last: dict[tuple[int, str], tuple[int, int]] = {}
    for post_id, counter, at, number in store.rows("SELECT post_id, counter, at, value FROM readings"):
        if counter != "views" and at >= last.get((post_id, counter), (0, 0))[0]:
            last[post_id, counter] = (at, number)
    found: dict[object, list[int]] = defaultdict(lambda: [0, 0])
    for brand, post_id, at, source in store.rows(
        "SELECT brand_id, post_id, published_at, source_id FROM mentions"
    ):
        of_post = {counter: number for (of, counter), (_, number) in last.items() if of == post_id}
        if of_post:
            of_post[""] = sum(of_post.values())
        for counter, number in of_post.items():
            for unit in (1, 2):
                cell = found[unit, brand, first_second(at, zone, unit), source, counter]
                cell[0] += 1
                cell[1] += number
    return {key: tuple(sums) for key, sums in found.items()}


def kept(store: SqliteStore, sql: str, keys: int) -> dict[object, tuple[int, ...]]:
    return {tuple(row[:keys]): tuple(row[keys:]) for row in store.rows(sql)}


def check(store: SqliteStore, zone: ZoneInfo) -> None:
    authors = true_authors(store, zone)
    assert kept(store, "SELECT * FROM rollups", 8) == {
        (unit, brand, start, *rest): sums
        for (unit, brand, start, *rest), sums in true_cells(store, zone).items()  # type: ignore[misc]
    }
    assert kept(store, "SELECT * FROM rollup_quarters", 5) == true_quarters(store)
    assert kept(store, "SELECT * FROM author_periods", 5) == {
        key: said_in(mentions)
        for key, mentions in authors.items()
        if key[3] is not None  # type: ignore[index]
    }
    assert kept(store, "SELECT * FROM author_totals", 4) == true_totals(authors)
    assert kept(store, "SELECT * FROM author_pairs", 5) == {k: (v,) for k, v in true_pairs(authors).items()}
    assert kept(store, "SELECT * FROM author_firsts", 2) == {k: (v,) for k, v in true_firsts(store).items()}
    standings = true_standings(authors, true_firsts(store), zone)
    assert kept(store, "SELECT * FROM author_standings", 7) == standings
    said_of = "SELECT unit, brand_id, start, source_id, coalesce(tag, 'any'), mentions FROM rollup_hashtags"
    borne = kept(store, f"{said_of} LEFT JOIN hashtags h ON h.id = hashtag_id", 5)
    assert borne == true_hashtags(store, zone)
    assert kept(store, "SELECT * FROM rollup_stories", 5) == true_stories(store, zone)
    check_stories(store)
    assert kept(store, "SELECT * FROM rollup_counters", 5) == true_counters(store, zone)
    assert list(rollups.differences(store)) == []
    unused = "SELECT count(*) FROM authors WHERE id NOT IN (SELECT author_id FROM mentions WHERE author_id IS NOT NULL)"
    assert store.rows(unused) == [(0,)]


@pytest.fixture
def opened(tmp_path: Path) -> Callable[[ZoneInfo], SqliteStore]:
    number = iter(range(10_000))
    return lambda zone: SqliteStore(tmp_path / f"{next(number)}.db", zone=zone)


@given(histories, st.sampled_from(ZONES), st.sampled_from(ZONES))
@settings(max_examples=60, deadline=None)
def test_rollups_equal_facts_after_any_history(
    tmp_path_factory: pytest.TempPathFactory,
    history: list[tuple[object, ...]],
    zone: ZoneInfo,
    other: ZoneInfo,
) -> None:
    path = tmp_path_factory.mktemp("rollups") / "listener.db"
    store = SqliteStore(path, zone=zone)
    for event in history:
        tell(store, event)
    check(store, zone)
    store.close()
    # Another zone in the configuration: cut anew.
    store = SqliteStore(path, zone=other)
    check(store, other)
    store.close()


def heard(store: SqliteStore) -> None:
    posts: list[KeptPost] = [
        post(
            str(n),
            T0 + n * HOUR,
            names("Acme", "positive"),
            names("Bolt"),
            author=f"a{n % 3}",
            text=f"{RELEASE} #sale" if n < 4 else f"{n} #sale",
        )
        for n in range(9)
    ]
    store.commit(Kept(NEWS, posts, readings=[Reading("0", T0, {"likes": 3})], at=T0))


@pytest.mark.parametrize(
    ("damage", "rollup"),
    [
        ("UPDATE rollups SET mentions = mentions + 1 WHERE unit = 1", "rollups"),
        ("UPDATE rollup_quarters SET positive = positive + 1", "rollup_quarters"),
        ("DELETE FROM author_periods WHERE unit = 3", "author_periods"),
        ("UPDATE author_totals SET mentions2 = 0", "author_totals"),
        ("DELETE FROM author_pairs", "author_pairs"),
        ("UPDATE rollup_counters SET value = value + 1 WHERE unit = 2", "rollup_counters"),
        ("UPDATE author_firsts SET first_at = first_at + 1", "author_firsts"),
        ("INSERT INTO author_totals SELECT 4, 0, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0", "author_totals"),
        ("DELETE FROM mentions WHERE post_id = 1", "rollups"),
        ("UPDATE rollup_hashtags SET mentions = mentions + 1 WHERE hashtag_id = 0", "rollup_hashtags"),
        ("DELETE FROM rollup_hashtags WHERE unit = 2 AND hashtag_id > 0", "rollup_hashtags"),
        ("INSERT INTO rollup_hashtags VALUES (1, 1, 0, 1, 0, 1)", "rollup_hashtags"),
        ("UPDATE rollup_stories SET mentions = mentions + 1 WHERE unit = 2", "rollup_stories"),
        ("DELETE FROM rollup_stories WHERE unit = 1", "rollup_stories"),
        ("DELETE FROM story_members WHERE post_id = 2", "rollup_stories"),
    ],
)
def test_every_difference_is_found(store: SqliteStore, damage: str, rollup: str) -> None:
    heard(store)
    assert list(rollups.differences(store)) == []
    with store.writing() as db:
        db.run(damage)
    found = list(rollups.differences(store))
    assert rollup in {one.rollup for one in found}
    assert all(isinstance(one, Difference) and one.cells > 0 for one in found)
    with store.writing() as db:
        rollups.rebuild(db, UTC)
    assert list(rollups.differences(store)) == []

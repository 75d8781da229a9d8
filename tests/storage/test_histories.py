"""Any history, cut into any pages, ends as a plain model of it does that is told one event after the other."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from keeping import FORUM, NEWS, T0, post

from storage.base import Row
from storage.mention import Kept, KeptPost, Mention, Reading, Unmatched
from storage.sqlite import SqliteStore

IDS = "abcde"
BRANDS = ("Acme", "Bolt", "Cog")
# Who wrote a post, whether that is the brand itself, and what it answers does not change with its edits.
AUTHORS = {"a": "x", "b": "x", "c": "y", "d": "z", "e": "z"}
OWN = {"c": "Acme"}
ANSWERS = {"b": "c", "d": "a", "e": "c"}
AT = T0 + 9


@dataclass(frozen=True)
class Event:
    """`kind` is post, stranger, edit, delete, depart or reading. A stranger is a post that matched nobody."""

    kind: str
    id: str
    words: str = ""
    names: tuple[str, ...] = ()
    at: int = 0
    likes: int = 0


def kept_post(event: Event) -> KeptPost:
    own = OWN.get(event.id)
    mentions = [Mention(name, own=name == own) for name in event.names]
    if own and own not in event.names:
        mentions.append(Mention(own, matched=False, own=True))
    return post(
        event.id,
        T0 + IDS.index(event.id),
        *mentions,
        text=event.words,
        author_id=AUTHORS[event.id],
        in_reply_to=ANSWERS.get(event.id),
    )


@dataclass
class Said:
    """What the model keeps of a post."""

    text: str
    names: set[str]
    edited: bool = False
    erased: bool = False
    likes: list[tuple[int, int]] = field(default_factory=list)


@dataclass
class Model:
    """The plain truth: dictionaries, one event after the other."""

    posts: dict[str, Said] = field(default_factory=dict)
    sample: dict[str, str] = field(default_factory=dict)

    def tell(self, event: Event) -> None:
        row = self.posts.get(event.id)
        if event.kind == "stranger" and row is None:
            self.sample.setdefault(event.id, event.words)
        elif event.kind in {"post", "edit"} and row is None:
            self._new(event)
        elif event.kind == "edit" and row is not None and not row.erased and row.text != event.words:
            row.text, row.names, row.edited = event.words, self._counted(event), True
        elif event.kind == "delete":
            self._erase([event.id])
        elif event.kind == "depart":
            self._erase([id_ for id_ in IDS if AUTHORS[id_] == AUTHORS[event.id]])
        elif event.kind == "reading" and row is not None:
            last = row.likes[-1] if row.likes else None
            if last is None or (event.at > last[0] and event.likes != last[1]):
                row.likes.append((event.at, event.likes))

    def _new(self, event: Event) -> None:
        if not event.names and event.id not in OWN and not self._answers_own(event.id):
            if event.id in self.sample:
                self.sample[event.id] = event.words
            return
        self.posts[event.id] = Said(event.words, self._counted(event))
        self.sample.pop(event.id, None)

    def _answers_own(self, id_: str) -> bool:
        return ANSWERS.get(id_) in self.posts and ANSWERS[id_] in OWN

    def _counted(self, event: Event) -> set[str]:
        return set(event.names) - {OWN.get(event.id)}

    def _erase(self, ids: Iterable[str]) -> None:
        for id_ in ids:
            self.sample.pop(id_, None)
            if id_ in self.posts and not self.posts[id_].erased:
                self.posts[id_].text, self.posts[id_].erased = "", True

    def facts(self) -> dict[str, object]:
        """What the store should say."""
        addressed = {id_ for id_ in self.posts if self._answers_own(id_)}
        return {
            "posts": {id_: (row.text, row.edited, row.erased) for id_, row in self.posts.items()},
            "mentions": {(id_, name) for id_, row in self.posts.items() for name in row.names},
            "turns": {(id_, OWN[id_], 1) for id_ in self.posts if id_ in OWN}
            | {(id_, OWN[ANSWERS[id_]], 0) for id_ in addressed},
            "readings": {(id_, *seen) for id_, row in self.posts.items() for seen in row.likes},
            "sample": self.sample,
        }


def facts(store: SqliteStore) -> dict[str, object]:
    of_news = "(SELECT id FROM sources WHERE name = 'news')"

    def rows(sql: str) -> list[Row]:
        return store.rows(f"{sql} WHERE p.source_id = {of_news}")

    brand = "JOIN brands b ON b.id = x.brand_id"
    kept = rows("SELECT native_id, text, edited_at IS NOT NULL, erased_at IS NOT NULL FROM posts p")
    return {
        "posts": {row[0]: (row[1], bool(row[2]), bool(row[3])) for row in kept},
        "mentions": set(
            rows(f"SELECT native_id, b.name FROM mentions x {brand} JOIN posts p ON p.id = x.post_id")
        ),
        "turns": set(
            rows(f"SELECT native_id, b.name, role FROM turns x {brand} JOIN posts p ON p.id = x.post_id")
        ),
        "readings": set(rows("SELECT native_id, at, value FROM readings x JOIN posts p ON p.id = x.post_id")),
        "sample": dict(rows("SELECT native_id, text FROM unmatched p")),
    }


def names_of(draw: st.DrawFn, id_: str, said: dict[str, Event]) -> tuple[str, ...]:
    """Whom a post names. Before a brand's post is there its answers name somebody: whether a nameless one is kept
    depends on whether both stand in one page."""
    early = ANSWERS.get(id_) in OWN and ANSWERS[id_] not in said
    return tuple(draw(st.sets(st.sampled_from(BRANDS), min_size=int(early))))


@st.composite
def histories(draw: st.DrawFn) -> list[Event]:
    """Events in an order in which a network may tell them.

    Nothing is taken back before it was said, or edited after it was taken back; but a source that is read again from
    an earlier place says a kept post anew at any time. A post that names nobody is a stranger unless it is the brand's.
    Nobody remembers a stranger that was taken back, or counts anything of it.
    """
    events: list[Event] = []
    model = Model()
    said: dict[str, Event] = {}
    gone: set[str] = set()
    for step in range(draw(st.integers(0, 25))):
        if events:
            model.tell(events[-1])
        id_ = draw(st.sampled_from(IDS))
        if id_ not in said:
            named = names_of(draw, id_, said)
            concerns = named or id_ in OWN or ANSWERS.get(id_) in OWN
            kind = draw(st.sampled_from(["post", "post", "edit"])) if concerns else "stranger"
            said[id_] = Event(kind, id_, f"{id_}{step}", named)
            events.append(said[id_])
            continue
        kind = draw(st.sampled_from(["again", "edit", "edit", "delete", "depart", "reading", "reading"]))
        if kind == "again" and (id_ not in gone or (id_ in model.posts and said[id_].kind == "post")):
            events.append(said[id_])
        elif kind == "edit" and id_ not in gone:
            named = names_of(draw, id_, said)
            events.append(Event("edit", id_, draw(st.sampled_from([f"{id_}{step}", f"{id_} same"])), named))
        elif kind == "reading" and id_ in model.posts:
            events.append(
                Event("reading", id_, at=T0 + draw(st.integers(0, 9)), likes=draw(st.integers(0, 2)))
            )
        elif kind == "depart":
            ids = {other for other in IDS if AUTHORS[other] == AUTHORS[id_]}
            if ids <= set(said):
                gone |= ids
                events.append(Event("depart", id_))
        elif kind == "delete":
            gone.add(id_)
            events.append(Event("delete", id_))
    return events


def page_of(events: list[Event]) -> Kept:
    def of(kind: str) -> list[Event]:
        return [event for event in events if event.kind == kind]

    return Kept(
        NEWS,
        [kept_post(event) for event in of("post")],
        at=AT,
        edits=[kept_post(event) for event in of("edit")],
        deleted=[event.id for event in of("delete")],
        departed=[AUTHORS[event.id] for event in of("depart")],
        readings=[Reading(event.id, event.at, {"likes": event.likes}) for event in of("reading")],
        unmatched=[Unmatched(kept_post(replace(event, names=())), near=False) for event in of("stranger")],
    )


@given(st.data())
@settings(max_examples=100, deadline=None)
def test_any_history_in_any_pages_ends_as_it_should(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    events = data.draw(histories())
    cuts = sorted(data.draw(st.lists(st.integers(0, len(events)), max_size=6)))
    model = Model()
    for event in events:
        model.tell(event)
    store = SqliteStore(tmp_path_factory.mktemp("h") / "a.db")
    # The same ids in another source neither disturb nor are disturbed.
    other = [post(id_, T0, Mention("Acme"), author_id=AUTHORS[id_]) for id_ in IDS]
    store.commit(Kept(FORUM, other))
    erased: list[str] = []
    for since, until in zip([0, *cuts], [*cuts, len(events)], strict=True):
        erased += store.commit(page_of(events[since:until])).erased
    assert facts(store) == model.facts()
    assert sorted(erased) == sorted(id_ for id_, row in model.posts.items() if row.erased)
    sizes = store.rows(
        "SELECT sampled, (SELECT count(*) FROM unmatched WHERE source_id = s.id) FROM sources s"
    )
    assert all(counted == there for counted, there in sizes)
    untouched = "SELECT count(*) FROM posts WHERE source_id = 1 AND text <> '' AND edited_at IS NULL"
    assert store.rows(untouched) == [(len(IDS),)]
    store.close()

"""From corrections to a head in service: only where held-out corrections show that it does better, with a way back."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from listener.collectors.post import Page, Post
from listener.learning import (
    AGAIN_AFTER,
    FEWEST,
    Evidence,
    Outcome,
    _interval,
    is_due,
    learn,
    with_head,
)
from listener.pipeline import Pipeline
from sentiment.head import WithHead
from sentiment.tone import LABELS, Engine, EngineUnavailable, Label, Text, Tone
from storage import ledger
from storage.desk import corrections, heads
from storage.mention import Brand, Heard, Source
from storage.sqlite import SqliteStore

NOW = 1_790_000_000
BRANDS = (Brand("Acme", own=True), Brand("Bolt"))
SOURCE = Source("hackernews", "hackernews")
TRUTHS: dict[str, Label] = {"flimmer": "negative", "grand": "positive", "kettle": "neutral"}


class Half:
    """An engine that knows every word but "flimmer", which it takes for praise."""

    name = "half-1"

    def __init__(self) -> None:
        self.asked: list[Text] = []

    def judge(self, texts: Sequence[Text]) -> list[Tone]:
        self.asked += texts
        return [self._judge(text.text) for text in texts]

    def _judge(self, text: str) -> Tone:
        if "hush" in text:
            return Tone(None, 0.3, 0.4, 0.3, self.name, reason="unsure")
        label: Label = "neutral" if "kettle" in text else "positive"
        ps = [0.7 if name == label else 0.15 for name in LABELS]
        return Tone(label, ps[0], ps[1], ps[2], self.name)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    opened = SqliteStore(tmp_path / "listener.db")
    yield opened
    opened.close()


def hear(store: SqliteStore, number: int, seed: int = 1, words: Sequence[str] = tuple(TRUTHS)) -> None:
    """Posts on Acme, one of these words in each; each one different."""
    rng = random.Random(seed)
    posts = [
        Post(f"{seed} {n}", f"Acme {rng.choice(words)} t{seed}x{n} {rng.choice('abc')}", NOW - n)
        for n in range(number)
    ]
    page = Page(posts, {"at": NOW}, Heard(NOW - 86_400, NOW))
    store.commit(Pipeline(BRANDS, Half()).keep(page, SOURCE, NOW))


def texts(store: SqliteStore) -> list[tuple[int, str]]:
    return store.rows("SELECT id, text FROM posts ORDER BY id")  # type: ignore[return-value]


def truth(text: str) -> Label:
    return next(label for word, label in TRUTHS.items() if word in text)


def correct(
    store: SqliteStore,
    number: int,
    label: Callable[[str], Label] = truth,
    *,
    sampled: bool = True,
    only: Callable[[str], bool] = lambda text: True,
    after: int = 0,
) -> None:
    chosen = [(id_, text) for id_, text in texts(store) if only(text) and id_ > after][:number]
    assert len(chosen) == number
    with store.writing() as db:
        for id_, text in chosen:
            assert corrections.record(db, "Acme", id_, label(text), sampled=sampled, by=None, now=NOW)


def as_said(text: str, rng: random.Random) -> Label:
    """A label drawn by the engine's own probabilities: it is right as often as it says, and wrong without a pattern."""
    tone = Half()._judge(text)
    return rng.choices(LABELS, (tone.p_negative, tone.p_neutral, tone.p_positive))[0]


def try_it(store: SqliteStore, engine: Engine | None = None) -> Outcome:
    return learn(store, BRANDS, engine or Half(), NOW)


def states(store: SqliteStore) -> list[str]:
    return [head.state for head in heads.all_heads(store)]


def test_what_it_can_learn_is_put_in_service(store: SqliteStore) -> None:
    hear(store, 120)
    correct(store, 120)
    done = try_it(store)
    assert (done.result, states(store)) == ("serving", ["serving"])
    evidence = done.evidence
    assert (evidence.corrections, evidence.compared, evidence.presumed) == (120, 120, 0)
    assert evidence.head_log_loss < evidence.log_loss and evidence.gain[0] > 0
    assert evidence.head_macro_recall > evidence.macro_recall + 0.2
    assert evidence.righted > 20 and evidence.wronged < 5
    engine = with_head(Half(), store)
    assert engine.name == done.name and isinstance(engine, WithHead)
    assert [tone.label for tone in engine.judge([Text("brand flimmer"), Text("brand grand")])] == [
        "negative",
        "positive",
    ]
    (kept,) = heads.all_heads(store)
    assert Evidence.of(kept.evidence) == evidence


def test_noise_is_refused(store: SqliteStore) -> None:
    hear(store, 120)
    rng = random.Random(5)
    correct(store, 120, lambda text: as_said(text, rng))
    done = try_it(store)
    assert (done.result, states(store), done.name) == ("refused", ["refused"], "half-1")
    assert with_head(Half(), store).name == "half-1"


def test_too_few_are_said_to_be_and_nothing_is_kept(store: SqliteStore) -> None:
    hear(store, 100)
    correct(store, FEWEST - 1)
    done = try_it(store)
    assert (done.result, done.lacking) == ("too_few", "60 corrections are needed, there are 59")
    correct(store, 100, lambda text: "negative")
    lacking = try_it(store).lacking
    assert (
        lacking
        == "10 corrections of at least two labels are needed, there are 100 negative, 0 neutral, 0 positive"
    )
    assert states(store) == []


def test_where_the_engine_judges_none_of_them_nothing_is_kept(store: SqliteStore) -> None:
    page = Page([Post(f"h{n}", f"Acme hush {n}", NOW - n) for n in range(65)], None)
    store.commit(Pipeline(BRANDS, Half()).keep(page, SOURCE, NOW))
    said = iter(["neutral", "negative"] * 33)
    correct(store, 65, lambda text: next(said))  # type: ignore[arg-type]
    done = try_it(store)
    assert (done.result, done.name) == ("too_few", "half-1")
    assert done.lacking == "the engine judges none of the mentions that were corrected"
    assert heads.all_heads(store) == []


def test_nine_of_a_second_label_are_too_few_and_ten_are_enough(store: SqliteStore) -> None:
    hear(store, 80)
    said = iter(["neutral"] * 9 + ["negative"] * 71)
    correct(store, 80, lambda text: next(said))  # type: ignore[arg-type]
    assert try_it(store).result == "too_few"
    correct(store, 10, lambda text: "neutral")
    assert try_it(store).result != "too_few"


def is_wrong(text: str) -> bool:
    return Half()._judge(text).label != truth(text)


def test_mistakes_that_people_picked_teach_what_they_share(store: SqliteStore) -> None:
    hear(store, 400)
    correct(store, 70, sampled=False, only=is_wrong)
    # Beside some that people agree with, because one label alone teaches nothing.
    correct(store, 15, sampled=False, only=lambda text: "kettle" in text)
    done = try_it(store)
    assert (done.result, done.evidence.compared) == ("serving", 85)
    assert done.evidence.presumed == 105 - 15
    assert [
        t.label for t in with_head(Half(), store).judge([Text("flimmer"), Text("grand"), Text("kettle")])
    ] == [
        "negative",
        "positive",
        "neutral",
    ]


def test_mistakes_that_people_picked_do_not_teach_to_contradict(store: SqliteStore) -> None:
    """Held out from among themselves, nothing but mistakes would praise a head that turns every label round."""
    hear(store, 600, words=("grand", "kettle"))
    turned: dict[str, Label] = {"grand": "neutral", "kettle": "positive"}
    correct(store, 100, lambda text: next(turned[word] for word in turned if word in text), sampled=False)
    done = try_it(store)
    assert done.result == "refused"
    assert done.evidence.presumed == 150


def test_mistakes_alone_with_nothing_beside_them_show_nothing(store: SqliteStore) -> None:
    hear(store, 100, words=("grand", "kettle"))
    correct(store, 100, lambda text: "neutral" if "grand" in text else "positive", sampled=False)
    done = try_it(store)
    assert done.result == "too_few"
    assert "75 more mentions are needed that it judges right" in done.lacking
    assert states(store) == []


def test_a_mistake_that_cannot_be_set_off_does_not_spoil_what_chance_drew(store: SqliteStore) -> None:
    hear(store, 120)
    correct(store, 10, sampled=False, only=is_wrong)
    with store.writing() as db:
        known = {c.post_id for c in corrections.all_corrections(db)}
    correct(store, 110, only=lambda text: next(i for i, t in texts(store) if t == text) not in known)
    done = try_it(store)
    assert (done.result, done.evidence.compared, done.evidence.presumed) == ("serving", 110, 0)


def test_copies_of_one_text_are_one_piece_of_evidence(store: SqliteStore) -> None:
    posts = [
        Post(str(n), "Acme flimmer" if n < 90 else f"Acme kettle {'ab'[n % 2]}", NOW - n) for n in range(110)
    ]
    store.commit(Pipeline(BRANDS, Half()).keep(Page(posts, None), SOURCE, NOW))
    correct(store, 110)
    assert try_it(store).result == "refused"


def test_the_interval_counts_texts_and_not_their_copies() -> None:
    gains = [("one text", 1.0)] * 50 + [("another", -0.5)] * 50
    low, high = _interval(gains)
    assert (low, high) == (-0.5, 1.0)
    alone = _interval([(str(n), gain) for n, (_, gain) in enumerate(gains)])
    assert 0 < alone[0] < 0.25 < alone[1] < 0.5
    assert _interval([]) == (0.0, 0.0)


def test_a_new_head_retires_the_old_and_new_corrections_may_retire_it(store: SqliteStore) -> None:
    hear(store, 120)
    correct(store, 120)
    first = try_it(store).name
    hear(store, 30, seed=2)
    correct(store, 30, after=120)
    second = try_it(store)
    assert (second.result, states(store)) == ("serving", ["serving", "retired"])
    assert second.name != first
    rng = random.Random(6)
    # The engine turns out to be right after all, as often as it says.
    correct(store, 150, lambda text: as_said(text, rng))
    third = try_it(store)
    assert (third.result, third.name) == ("retired", "half-1")
    assert states(store) == ["refused", "retired", "retired"]
    assert with_head(Half(), store).name == "half-1"


def test_the_way_back(store: SqliteStore) -> None:
    hear(store, 120)
    correct(store, 120)
    try_it(store)
    with store.writing() as db:
        assert heads.retire(db)
        assert not heads.retire(db)
    assert with_head(Half(), store).name == "half-1"


def test_a_head_serves_its_own_engine_only(store: SqliteStore) -> None:
    hear(store, 120)
    correct(store, 120)
    try_it(store)

    class Other(Half):
        name = "other-1"

    assert with_head(Other(), store).name == "other-1"


def test_a_damaged_head_is_told_with_the_way_out(store: SqliteStore) -> None:
    with store.writing() as db:
        heads.add(db, "half-1", b"rubbish", {"corrections": 60}, serves=True, now=NOW)
    with pytest.raises(EngineUnavailable, match=r"damaged: it is no head.*--retire"):
        with_head(Half(), store)


def test_it_learns_what_the_engine_sees_and_leaves_out_what_it_does_not_judge(store: SqliteStore) -> None:
    hear(store, 120)
    page = Page([Post(f"h{n}", f"Acme hush {n}", NOW) for n in range(5)], None)
    store.commit(Pipeline(BRANDS, Half()).keep(page, SOURCE, NOW))
    correct(store, 120)
    correct(store, 5, lambda text: "negative", only=lambda text: "hush" in text)
    engine = Half()
    done = try_it(store, engine)
    assert (done.evidence.corrections, done.evidence.compared) == (125, 120)
    assert all("acme" not in text.text.lower() for text in engine.asked)


def test_it_judges_anew_with_the_plain_engine_whatever_judged_before(store: SqliteStore) -> None:
    hear(store, 120)
    correct(store, 120)
    first = try_it(store)
    # As after judging again with the head: what is kept is right now, and says nothing of the plain engine.
    with store.writing() as db:
        db.run("UPDATE mentions SET label = -1, p_negative = 1, p_neutral = 0, p_positive = 0")
    again = try_it(store)
    assert again.evidence == first.evidence


def test_another_try_is_due_after_enough_new_corrections(store: SqliteStore) -> None:
    hear(store, 300)

    def tried(number: int) -> None:
        with store.writing() as db:
            ledger.keep_corrections_tried(db, number)

    tried(FEWEST - 1)
    correct(store, FEWEST - 1)
    assert not is_due(store)
    tried(0)
    assert not is_due(store)
    correct(store, FEWEST)
    assert is_due(store)
    tried(FEWEST)
    correct(store, FEWEST + AGAIN_AFTER - 1)
    assert not is_due(store)
    correct(store, FEWEST + AGAIN_AFTER)
    assert is_due(store)
    # A head that serves stays until there is half as much again: each new one breaks the series.
    with store.writing() as db:
        heads.add(db, "half-1", b"", {}, serves=True, now=NOW)
    tried(80)
    correct(store, 80 + 39)
    assert not is_due(store)
    correct(store, 80 + 40)
    assert is_due(store)


def test_a_try_without_outcome_is_not_made_again_at_once(store: SqliteStore) -> None:
    hear(store, 100)
    correct(store, 100, lambda text: "negative")
    assert is_due(store)
    assert try_it(store).result == "too_few"
    assert not is_due(store)

"""Carries corrections to a head, and decides by what it does on those held out whether it serves."""

from __future__ import annotations

import math
import random
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Literal

from listener.pipeline import Named, Pipeline, without_tone
from sentiment.head import DamagedHead, Head, Three, WithHead, fit, largest
from sentiment.text import fold
from sentiment.tone import LABELS, Engine, EngineUnavailable, Label, Text, Tone
from storage import ledger, rematching
from storage.base import Rows
from storage.desk import corrections, heads
from storage.desk.corrections import Correction
from storage.mention import Brand, KeptPost
from storage.sqlite import SqliteStore
from storage.stats.agreement import agreement

FEWEST = 60
"""Corrections without which nothing is learned."""
FEWEST_OF_A_LABEL = 10
"""So many there must be of at least two labels."""
AGAIN_AFTER = 20
"""New corrections after which `listener correct` tries again by itself."""
_MEASURED = 30
"""Corrections drawn by chance from which on they say how often the engine is right."""
_PRESUMED_RIGHT = 0.6
"""How often it is taken to be right where they do not say it: about what a plain engine is."""
_NOT_JUDGED = "the engine judges none of the mentions that were corrected"
_EVER = -(2**62)
_FOLDS = 5
_RESAMPLES = 1_000
_SEED = 20


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a head did on corrections that it had not seen, beside the engine without one.

    `corrections` is how many there were, `labels` how many of each label; `compared` those that the engine judged,
    and `presumed` the mentions nobody corrected that were put beside them as judged right. The log losses (natural,
    a mention) and macro recalls are over both; `gain` is the 95 % interval of the log loss that the head takes away.
    `righted` and `wronged`: labels that it would change for the better and for the worse, among the corrections.
    """

    corrections: int
    labels: Mapping[str, int]
    compared: int = 0
    presumed: int = 0
    log_loss: float = 0.0
    head_log_loss: float = 0.0
    macro_recall: float = 0.0
    head_macro_recall: float = 0.0
    gain: tuple[float, float] = (0.0, 0.0)
    changed: int = 0
    righted: int = 0
    wronged: int = 0

    @property
    def better(self) -> bool:
        """Whether the head may serve: surely less log loss, and no macro recall given for it.

        Where some were presumed, how sure it should be of its labels was presumed as well: there it has to find better
        labels.
        """
        more = self.head_macro_recall - self.macro_recall
        return self.gain[0] > 0 and (more > 0 if self.presumed else more >= 0)

    def to_json(self) -> dict[str, Any]:
        """Plain JSON, as it is kept."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @classmethod
    def of(cls, plain: Mapping[str, Any]) -> Evidence:
        """Read what `to_json` wrote."""
        return cls(**{**plain, "gain": (plain["gain"][0], plain["gain"][1])})


Result = Literal["too_few", "serving", "refused", "retired"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a try to learn came to.

    `too_few`: nothing was tried, `lacking` says what there is too little of. `refused`: the plain engine stays;
    `retired`: so it is, and the head that served until now does no more. `name` is the engine's from now on.
    """

    result: Result
    name: str
    evidence: Evidence
    lacking: str = ""


def with_head(engine: Engine, store: Rows) -> Engine:
    """The engine with its head in service if there is one. Raises EngineUnavailable for a damaged head."""
    kept = heads.serving(store, engine.name)
    if kept is None:
        return engine
    try:
        return WithHead(engine, Head.from_bytes(kept.weights))
    except DamagedHead as damaged:
        raise EngineUnavailable(
            f"the head in service for {engine.name} is damaged: {damaged}; "
            "`listener tone head --retire` takes it out of service"
        ) from None


def is_due(store: Rows) -> bool:
    """Whether there are so many corrections more than at the last try that another one is worth it.

    Each new head breaks the series until history is judged again: one that serves stays until there is half as much
    again as it was learned from.
    """
    number, tried = len(corrections.all_corrections(store)), ledger.corrections_tried(store)
    more = max(AGAIN_AFTER, tried // 2) if heads.any_serves(store) else AGAIN_AFTER
    return number >= FEWEST and number >= tried + more


def learn(store: SqliteStore, brands: Sequence[Brand], engine: Engine, now: int) -> Outcome:
    """Fit a head to the corrections, compare it on held-out ones with the plain `engine`, and keep the decision.

    It takes seconds for 2,000 corrections, beside what the engine needs to judge them.
    """
    said = corrections.all_corrections(store)
    evidence = Evidence(len(said), Counter(one.label for one in said))
    enough = [number for number in evidence.labels.values() if number >= FEWEST_OF_A_LABEL]
    with store.writing() as db:
        ledger.keep_corrections_tried(db, len(said))
    if len(said) < FEWEST or len(enough) < 2:
        return Outcome("too_few", with_head(engine, store).name, evidence, _lacking(evidence))
    items, missing = _items(store, brands, engine, said, now)
    if missing:
        return Outcome("too_few", with_head(engine, store).name, evidence, _one_sided(missing))
    if not items:
        # A head of nothing would be kept without weights, and shown as damaged.
        return Outcome("too_few", with_head(engine, store).name, evidence, _NOT_JUDGED)
    evidence = _compare(items, engine.name, evidence)
    weights = fit(*_columns(items), engine=engine.name)
    served = heads.serving(store, engine.name) is not None
    with store.writing() as db:
        if not evidence.better:
            heads.retire(db, engine.name)
        heads.add(db, engine.name, weights, evidence.to_json(), serves=evidence.better, now=now)
    if evidence.better:
        return Outcome("serving", Head.from_bytes(weights).name, evidence)
    return Outcome("retired" if served else "refused", engine.name, evidence)


def _lacking(evidence: Evidence) -> str:
    if evidence.corrections < FEWEST:
        return f"{FEWEST} corrections are needed, there are {evidence.corrections}"
    counts = ", ".join(f"{evidence.labels.get(label, 0)} {label}" for label in LABELS)
    return f"{FEWEST_OF_A_LABEL} corrections of at least two labels are needed, there are {counts}"


def _one_sided(missing: int) -> str:
    return (
        f"nearly all corrections contradict the engine, and {missing} more mentions are needed that it judges right: "
        "confirm some, or let `listener correct --ask` draw them"
    )


@dataclass(frozen=True, slots=True)
class _Item:
    """One mention to learn from: its masked text, what the engine gives it, what it is. `group`: copies share it."""

    group: str
    text: str
    p: Three
    label: Label
    presumed: bool


def _items(
    store: Rows, brands: Sequence[Brand], engine: Engine, said: Sequence[Correction], now: int
) -> tuple[list[_Item], int]:
    """The corrections that the engine judges, and beside them mentions that are presumed to be judged right.

    With how many more of those there would have to be, which is 0 where the comparison can be made.

    People pick what looks wrong. Alone, such corrections would teach a head to contradict its engine, and held out
    they would praise it for that. So as many mentions that nobody corrected, drawn by chance, stand beside them as
    make the engine right as often as it is on what was drawn by chance, or else in three of five; half as many will do.
    """
    judge = _Judge(store, brands, engine)
    judged = dict(judge.items([(c.brand, c.post_id, c.label) for c in said]))
    right = {key: item.label == largest(item.p) for key, item in judged.items()}
    drawn = [right[c.brand, c.post_id] for c in said if c.sampled and (c.brand, c.post_id) in right]
    picked = {key for c in said if not c.sampled and (key := (c.brand, c.post_id)) in right}
    usual = sum(drawn) / len(drawn) if len(drawn) >= _MEASURED else _PRESUMED_RIGHT
    wrong = Counter(brand for brand, post in picked if not right[brand, post])
    agreed = sum(right[key] for key in picked)
    # Where chance has found no mistake at all, every picked one is still one.
    balanced = math.ceil(wrong.total() * usual / max(1 - usual, 0.05))
    items = list(judged.values())
    for brand, number in sorted(wrong.items()):
        wanted = math.ceil(max(0, balanced - agreed) * number / wrong.total())
        others = corrections.draw(store, brand, _EVER, now + 1, wanted, _SEED)
        items += [item for _, item in judge.items([(brand, number, None) for number in others])]
    missing = balanced // 2 - agreed - sum(item.presumed for item in items)
    if missing > 0 and len(drawn) >= FEWEST:
        # What chance drew is enough by itself.
        return [item for key, item in judged.items() if key not in picked], 0
    return items, max(0, missing)


class _Judge:
    """Has mentions judged by the plain engine the way they are when they are heard: masked, towards their brand."""

    def __init__(self, store: Rows, brands: Sequence[Brand], engine: Engine) -> None:
        self._store = store
        self._recording = _Recording(engine)
        self._pipeline = Pipeline(brands, self._recording)

    def items(
        self, wanted: Sequence[tuple[str, int, Label | None]]
    ) -> Iterator[tuple[tuple[str, int], _Item]]:
        """One item for each (brand, post, label) that the engine judges; without a label it is presumed right."""
        by_post: dict[int, list[tuple[str, Label | None]]] = defaultdict(list)
        for brand, post_id, label in wanted:
            by_post[post_id].append((brand, label))
        numbers = sorted(by_post)
        for start in range(0, len(numbers), rematching.PAGE):
            page = rematching.posts_numbered(self._store, numbers[start : start + rematching.PAGE])
            judged = self._pipeline.judge([Named(one.post, without_tone(one.post.mentions)) for one in page])
            for one, post in zip(page, judged, strict=True):
                for brand, label in by_post[one.id]:
                    if item := self._item(post, brand, label):
                        yield (brand, one.id), item
            self._recording.texts.clear()

    def _item(self, post: KeptPost, brand: str, label: Label | None) -> _Item | None:
        tone = next((m.tone for m in post.mentions if m.brand == brand), None)
        if tone is None or tone.label is None:
            return None
        text = self._recording.texts[id(tone)][1].text
        p = (tone.p_negative, tone.p_neutral, tone.p_positive)
        return _Item(fold(text), text, p, label or largest(p), label is None)


class _Recording:
    """An engine that remembers which text each of its tones belongs to."""

    def __init__(self, engine: Engine) -> None:
        self.name = engine.name
        self.texts: dict[int, tuple[Tone, Text]] = {}
        self._engine = engine

    def judge(self, texts: Sequence[Text]) -> list[Tone]:
        tones = self._engine.judge(texts)
        # With the tone beside it, so that no other tone gets its id while it is here.
        self.texts.update((id(tone), (tone, text)) for tone, text in zip(tones, texts, strict=True))
        return tones


def _columns(items: Sequence[_Item]) -> tuple[list[str], list[Three], list[Label]]:
    return [one.text for one in items], [one.p for one in items], [one.label for one in items]


def _compare(items: Sequence[_Item], engine: str, evidence: Evidence) -> Evidence:
    """Fit heads to four fifths, five times over, and look at what each does on the rest."""
    groups = sorted({item.group for item in items})
    random.Random(_SEED).shuffle(groups)
    fold_of = {group: place % _FOLDS for place, group in enumerate(groups)}
    set_right: list[tuple[_Item, Three]] = []
    for number in range(_FOLDS):
        seen = [item for item in items if fold_of[item.group] != number]
        unseen = [item for item in items if fold_of[item.group] == number]
        if seen and unseen:
            head = Head.from_bytes(fit(*_columns(seen), engine=engine))
            set_right += [(item, head.probabilities(item.text, item.p)) for item in unseen]
    plain = agreement([(item.label, largest(item.p)) for item, _ in set_right])
    headed = agreement([(item.label, largest(p)) for item, p in set_right])
    changed = [(item, p) for item, p in set_right if not item.presumed and largest(p) != largest(item.p)]
    losses = [(item, _loss(item.p, item.label), _loss(p, item.label)) for item, p in set_right]
    number = max(1, len(losses))
    return Evidence(
        evidence.corrections,
        evidence.labels,
        compared=sum(not item.presumed for item in items),
        presumed=sum(item.presumed for item in items),
        log_loss=sum(before for _, before, _ in losses) / number,
        head_log_loss=sum(after for _, _, after in losses) / number,
        macro_recall=plain.macro_recall or 0.0,
        head_macro_recall=headed.macro_recall or 0.0,
        gain=_interval([(item.group, before - after) for item, before, after in losses]),
        changed=len(changed),
        righted=sum(largest(p) == item.label for item, p in changed),
        wronged=sum(largest(item.p) == item.label for item, _ in changed),
    )


def _loss(p: Three, label: Label) -> float:
    return -math.log(max(p[LABELS.index(label)], 1e-4))


def _interval(gains: Sequence[tuple[str, float]]) -> tuple[float, float]:
    """The 95 % interval of the mean gain by the bootstrap over groups: copies of one text are one piece of evidence."""
    groups: dict[str, list[float]] = defaultdict(list)
    for group, gain in gains:
        groups[group].append(gain)
    sums = [(sum(found), len(found)) for found in groups.values()]
    if not sums:
        return 0.0, 0.0
    rng = random.Random(_SEED)
    means = []
    for _ in range(_RESAMPLES):
        drawn = rng.choices(sums, k=len(sums))
        means.append(sum(gain for gain, _ in drawn) / sum(number for _, number in drawn))
    means.sort()
    return means[_RESAMPLES // 40], means[-_RESAMPLES // 40 - 1]

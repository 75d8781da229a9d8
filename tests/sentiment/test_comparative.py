"""The public set of comparative posts: whole, readable by the mask, and judged better than by guessing."""

from __future__ import annotations

import pytest

from benchmarks.comparative import LANGUAGES, accuracy, posts, texts
from sentiment.engines import load
from sentiment.tone import LABELS


@pytest.mark.parametrize("language", LANGUAGES)
def test_forty_posts_a_language_each_brand_found_where_it_is_named(language: str) -> None:
    found = posts(language)
    assert len({post.id for post in found}) == len({post.text for post in found}) == len(found) == 40
    for post in found:
        assert post.lang == language
        assert len(post.tones) >= 2
        for text, label in texts(post):
            assert text.spans, post.id
            assert label in LABELS
            assert all(
                text.text[start:end] in ("brand", "@user") for start, end in (*text.spans, *text.others)
            )


def test_no_label_is_so_common_that_always_saying_it_would_do() -> None:
    labels = [label for language in LANGUAGES for post in posts(language) for label in post.tones.values()]
    assert max(labels.count(label) for label in LABELS) / len(labels) < 0.4


def test_the_builtin_engine_is_better_than_guessing_in_every_language_together() -> None:
    engine = load("builtin")
    right = count = 0
    for language in LANGUAGES:
        one, _, some = accuracy(engine, language)
        right, count = right + one, count + some
    assert right / count > 0.40

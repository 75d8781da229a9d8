"""Where in a text something stands: whole words, tags and handles, words with wildcards, and things near others."""

from __future__ import annotations

import unicodedata
from bisect import bisect_left
from collections.abc import Iterable, Iterator

from listener.matching.tree import Exact, Near, Term, Wild, Words
from sentiment.text import fold, is_edge, is_spaceless, is_whole_word, is_word_character, word_starts

LONGEST_WORD = 64
"""Characters that wildcards may add to a word: in a script without spaces they would run to the text's end."""

_MARK, _NO_MARK = "\x01", "\x02"

Span = tuple[int, int]


def plain(text: str) -> str:
    """Fold a text, with one space between words, as in the literals: a phrase may run over a line's end."""
    folded = fold(text)
    # No white space but a space is printable: most texts need no taking apart.
    if "  " not in folded and folded.isprintable():
        return folded.strip(" ")
    return " ".join(folded.split())


def as_written(text: str) -> str:
    """A text for exact forms: nothing is folded, but a phrase may run over a line's end here too."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def stands(text: str, start: int, end: int) -> bool:
    """Say whether the literal at text[start:end] is a whole word, tag or handle there."""
    first = text[start]
    if first == "@" and " " not in text[start:end]:
        return _begins_handle(text, start) and _ends_handle(text, end)
    if first == "#" and _goes_on(text, start):
        return False
    return is_whole_word(text, start, end)


def _goes_on(text: str, start: int) -> bool:
    """Refuse page#acme, which is a place in a page."""
    return start > 0 and is_word_character(text[start - 1]) and not is_spaceless(text[start - 1])


def _begins_handle(text: str, start: int) -> bool:
    """Refuse info@acme, which is mail, and https://example.com/@acme, which is a link; take ".@acme"."""
    if not start:
        return True
    before = text[start - 1]
    if before == "/":
        token = text[text.rfind(" ", 0, start) + 1 : start]
        return "." not in token and "://" not in token
    return before != "@" and (not is_word_character(before) or is_spaceless(before))


def _ends_handle(text: str, end: int) -> bool:
    """Refuse @acme_x, @acme-x, @acme.example, @acme@example: other accounts; take "@acme." and "@acme's"."""
    if end == len(text):
        return True
    after = text[end]
    if after in ".-@" and end + 1 < len(text):
        return is_edge("a", text[end + 1])
    return is_edge(text[end - 1], after)


def wild_end(wild: Wild, text: str, start: int) -> int | None:
    """Return where a word that fits begins at `start` and ends, or None. The beginning is known to be there."""
    first = text[start]
    if first == "@" and not _begins_handle(text, start):
        return None
    if first == "#" and _goes_on(text, start):
        return None
    if start and not is_edge(first, text[start - 1]):
        return None
    at = start + len(wild.prefix)
    # All ends that are possible so far, at most LONGEST_WORD: the time does not explode as a regex's may.
    ends = {at}
    for sign in wild.pattern[len(wild.prefix) :]:
        ends = set(_steps(sign, ends, text, at + LONGEST_WORD))
    return min((end for end in ends if end == len(text) or is_edge(text[end - 1], text[end])), default=None)


def _steps(sign: str, ends: set[int], text: str, last: int) -> Iterator[int]:
    last = min(last, len(text))
    if sign == "*":
        for end in sorted(ends):
            yield end
            while end < last and is_word_character(text[end]) and end + 1 not in ends:
                end += 1  # noqa: PLW2901
                yield end
    else:
        for end in ends:
            if end < last and (text[end] == sign or (sign == "?" and is_word_character(text[end]))):
                yield end + 1


def stands_as_written(exact: Exact, written: str) -> bool:
    """Say whether the exact form is in a text that went through `as_written`."""
    return next(_exact_places(exact, written), None) is not None


def _exact_places(exact: Exact, written: str) -> Iterator[int]:
    return (start for start, end in _occurrences(exact.written, written) if stands(written, start, end))


def _occurrences(literal: str, text: str) -> Iterator[Span]:
    start = text.find(literal)
    while start >= 0:
        yield start, start + len(literal)
        start = text.find(literal, start + 1)


def near(pair: Near, folded: str, written: str) -> bool:
    """Say whether two different places of a text that is known to hold the words are near enough."""
    return next(near_pairs(pair, folded, written), None) is not None


def near_pairs(pair: Near, folded: str, written: str) -> Iterator[tuple[Span, Span]]:
    """Yield two places that are near enough, for each place of one side that has another side near."""
    left, right = _places(pair.left, folded, written), _places(pair.right, folded, written)
    if not left or not right:
        return
    starts = word_starts(folded)
    yield from _follows(left, right, starts, pair.most)
    if not pair.ordered:
        yield from _follows(right, left, starts, pair.most)


def _follows(
    left: Iterable[Span], right: Iterable[Span], starts: list[int], most: int
) -> Iterator[tuple[Span, Span]]:
    """Yield where a `right` begins after a `left` with at most so many words beginning between."""
    following = sorted(right)
    begins = [start for start, _ in following]
    for span in left:
        # The first that follows is the nearest: no other needs to be looked at.
        at = bisect_left(begins, span[1])
        if at < len(begins) and bisect_left(starts, begins[at]) - bisect_left(starts, span[1]) <= most:
            yield span, following[at]


def _places(alternatives: Iterable[Words], folded: str, written: str) -> list[Span]:
    return [span for words in alternatives for span in places_of(words, folded, written)]


def places_of(words: Words, folded: str, written: str) -> Iterator[Span]:
    """Yield where in the folded text the words stand."""
    match words:
        case Term(literal):
            yield from (span for span in _occurrences(literal, folded) if stands(folded, *span))
        case Wild() as wild:
            for start, _ in _occurrences(wild.prefix, folded):
                if (end := wild_end(wild, folded, start)) is not None:
                    yield start, end
        case Exact() as exact:
            yield from _exact_spans(exact, written)


def _exact_spans(exact: Exact, written: str) -> Iterator[Span]:
    """Where exact forms stand in the folded text, whose length is another one: marked, then folded with the rest."""
    # A stranger's text may hold the sign that we mark with.
    written = written.replace(_MARK, _NO_MARK)
    pieces: list[str] = []
    done = 0
    for start in _exact_places(exact, written):
        pieces += (written[done:start], _MARK)
        done = start
    marked = plain("".join([*pieces, written[done:]]))
    for number, (start, _) in enumerate(_occurrences(_MARK, marked)):
        yield start - number, start - number + len(exact.literal)

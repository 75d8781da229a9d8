"""What strangers wrote, made harmless and cut to size; and one alert as plain text and as HTML."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache, partial
from urllib.parse import urlsplit

from jinja2 import Environment, PackageLoader, StrictUndefined, TemplateError
from markupsafe import Markup, escape

from alerts import format as reading
from alerts.charts.sparkline import sparkline
from alerts.language import ENGLISH, N_, Language
from alerts.made_by import MADE_BY
from alerts.message import Fact, Kind, Message, Severity

SHOWN_QUOTES = 5
SHOWN_FACTS = 20
CHART = "chart"
DARK_CHART = "night"
"""Names of a message's pictures in its HTML, after `cid:`; none begins with another, which programs replace alike."""
KIND_WORDS: dict[Kind, str] = {
    "fired": N_("Alert"),
    "resolved": N_("Resolved"),
    "expired": N_("Expired"),
    "test": N_("Test"),
}
SEVERITY_WORDS: dict[Severity, str] = {
    "critical": N_("Critical"),
    "warning": N_("Warning"),
    "info": N_("Information"),
}
_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")
# Controls (C0, DEL, C1), overrides and isolates of the writing direction, lone surrogates: they repaint
# terminals, turn the rest of a line around, or cannot be encoded. Joiners and plain RTL marks stay: Persian
# and emoji need them.
_HARMFUL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufeff\ufff9-\ufffb]")
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_SPACES = re.compile(r"[^\S\u00a0\u202f]+")  # our own thin spaces in numbers stay
_URL_UNSAFE = re.compile(r"[\s<>|\"'`\\^{}\x00-\x20\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_LONGEST_URL = 1_500


def clean(text: str) -> str:
    """Return a stranger's text on one line, without anything that controls a terminal, a header or a layout."""
    text = _HARMFUL.sub("", _ANSI.sub("", text))
    return _SPACES.sub(" ", _SURROGATE.sub("\ufffd", text)).strip()


def clean_lines(text: str) -> str:
    """Like `clean`, but keeps the lines and their indent in a text of our own that quotes strangers."""
    return "\n".join(
        " " * min(len(line) - len(line.lstrip(" ")), 8) + clean(line) for line in text.split("\n")
    )


def shorten(text: str, limit: int, size: Callable[[str], int] = len) -> str:
    """Cut a text to `limit` as `size` counts it, with an ellipsis, never inside a written character.

    `size` must grow by the sum of its parts (len, UTF-16 units, escaped length).
    """
    if len(text) <= limit and size(text) <= limit:
        return text
    used, end = size("…"), 0
    for letter in text:
        used += size(letter)
        if used > limit:
            break
        end += 1
    return text[: _whole(text, end)].rstrip() + "…"


def _whole(text: str, end: int) -> int:
    """Step back from `end` out of a combined letter or emoji; a few steps only, for hostile heaps of accents."""
    for step in range(end, max(end - 16, 0), -1):
        if step >= len(text) or not _joins(text[step - 1], text[step]):
            return step
    return end


def _joins(before: str, after: str) -> bool:
    return (
        before == "\u200d"
        or after in "\u200d\ufe0e\ufe0f"
        or unicodedata.category(after).startswith("M")
        or "\U0001f3fb" <= after <= "\U0001f3ff"
    )


def runs_rtl(text: str) -> bool:
    """Tell a text's direction by its first letter that has one, as browsers do with dir="auto"."""
    for letter in text:
        way = unicodedata.bidirectional(letter)
        if way in ("L", "R", "AL"):
            return way != "L"
    return False


def safe_url(url: str | None) -> str | None:
    """Return an http(s) address with every character escaped that could end a link, or None for anything else."""
    if url is None or len(url) > _LONGEST_URL:
        return None
    url = _URL_UNSAFE.sub(_escape_byte, url.strip())
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    return url if parts.scheme in ("http", "https") and parts.hostname else None


def _escape_byte(found: re.Match[str]) -> str:
    return "".join(f"%{byte:02X}" for byte in found.group().encode("utf-8", "replace"))


class Unrenderable(ValueError):
    """A template and what is to be put into it do not fit; the error of the template is its cause."""


@lru_cache(maxsize=1)
def templates() -> Environment:
    """Return the jinja2 environment of all letters: everything escaped, a missing name is an error."""
    environment = Environment(
        loader=PackageLoader("alerts"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(clean=clean, shorten=shorten, safe_url=safe_url, stamp=reading.stamp)
    return environment


def kind_word(message: Message) -> str:
    """Return the word for a message's kind, in its language."""
    return Language.of(message.language).gettext(KIND_WORDS[message.kind])


def title_of(message: Message) -> str:
    """Return the title without the word for its kind, which every channel shows in its own way."""
    return clean(message.title).removeprefix(f"{kind_word(message)}: ")


def headline(message: Message) -> str:
    """Return the one line that names a message: its kind and its title."""
    return f"{kind_word(message)}: {title_of(message)}"


def presentable(message: Message) -> Message:
    """Return the message as a person is shown it: clean, no text endless, a few quotes."""
    return replace(
        message,
        title=shorten(title_of(message), 200),
        summary=shorten(clean_lines(message.summary), 3_000),
        rule=shorten(clean(message.rule), 100) if message.rule else None,
        at=reading.stamp(clean(message.at), language=Language.of(message.language)),
        facts=tuple(
            Fact(shorten(clean(fact.name), 100), shorten(clean(fact.value), 500))
            for fact in message.facts[:SHOWN_FACTS]
        ),
        quotes=tuple(
            replace(quote, text=shorten(clean(quote.text), 400), url=safe_url(quote.url))
            for quote in message.quotes[:SHOWN_QUOTES]
        ),
        footer=shorten(clean_lines(message.footer), 1_000),
        link=safe_url(message.link),
        chart=replace(message.chart, alt=shorten(clean(message.chart.alt), 500)) if message.chart else None,
    )


def as_text(message: Message) -> str:
    """Render a message as plain text, for mail and console."""
    shown, language = presentable(message), Language.of(message.language)
    parts = [headline(shown), shown.at, "", shown.summary]
    if shown.chart and (drawn := sparkline(shown.chart.values)):
        parts += ["", f"  {drawn}", f"  {shown.chart.alt}"]
    if shown.facts:
        width = min(max(len(fact.name) for fact in shown.facts), 24)
        parts += ["", *(f"  {fact.name:<{width}}  {fact.value}" for fact in shown.facts)]
    if shown.quotes:
        parts += ["", language.gettext("What was said")]
    for quote in shown.quotes:
        parts += [
            "",
            f"  {language.quoted(quote.text)}",
            f"  {byline(quote.author, quote.source, quote.published_at, language)}",
        ]
        parts += [f"  {quote.url}"] if quote.url else []
    for last in (more_quotes(message), shown.link, shown.footer):
        parts += ["", last] if last else []
    return "\n".join(parts) + "\n"


def as_html(message: Message) -> str:
    """Render a message as the HTML part of a mail, under 100 KB: more, and mail programs cut it off."""
    shown = presentable(message)
    return html_page(
        "message.html",
        Language.of(message.language),
        message=shown,
        kind=_badge(message),
        headline=headline(shown),
        more=more_quotes(message),
        cid=CHART,
        dark_cid=DARK_CHART,
        drawn=sparkline(message.chart.values) if message.chart else "",
    )


def _badge(message: Message) -> str:
    """The kind, and beside the colour in words how urgent it is: what is over is not urgent any more."""
    if message.kind != "fired":
        return kind_word(message)
    return f"{kind_word(message)} · {Language.of(message.language).gettext(SEVERITY_WORDS[message.severity])}"


def html_page(template: str, language: Language = ENGLISH, **content: object) -> str:
    """Fill a template; everything in it is escaped, and a percent sign never begins a line.

    Templates say their phrases by `_` and `ngettext`, whose parts are escaped too; `start` and `end` are the sides
    where lines begin and end. Raises Unrenderable.
    """
    sides = ("left", "right") if language.direction == "ltr" else ("right", "left")
    words = {
        "_": _escaping(language),
        "language": language,
        "ngettext": language.ngettext,
        "byline": partial(byline, language=language),
        "made_by": MADE_BY,
        **dict(zip(("start", "end"), sides, strict=True)),
    }
    try:
        page = templates().get_template(template).render(words | content)
    except TemplateError as error:
        raise Unrenderable(template) from error
    return page.replace(" %", "\u00a0%")


def _escaping(language: Language) -> Callable[..., Markup]:
    """The gettext of templates: what is put into a phrase may be markup of ours, all else is escaped."""

    def say(phrase: str, /, **parts: str) -> Markup:
        written = {
            name: part if isinstance(part, Markup) else language.parts({name: str(part)})[name]
            for name, part in parts.items()
        }
        return Markup(escape(language.phrases.gettext(phrase))).format(**written)  # noqa: S704 (escaped)

    return say


def byline(author: str | None, source: str, at: str | None = None, language: Language = ENGLISH) -> str:
    """Name who said it, where and when: "ada, hackernews, Thu 12 Nov, 14:03"."""
    names = [shorten(clean(author), 60) if author else "", shorten(clean(source), 60)]
    names.append(reading.stamp(clean(at[:60]), brief=True, language=language) if at else "")
    return language.enumerated(name for name in names if name)


def more_quotes(message: Message) -> str:
    """Say how many quotes were left out; a cap without a word would look like the whole."""
    left = len(message.quotes) - SHOWN_QUOTES
    if left <= 0:
        return ""
    language = Language.of(message.language)
    return language.ngettext("{n} more post not shown here.", "{n} more posts not shown here.", left)

"""Slack's Block Kit: escaping, cutting by what Slack counts, and building blocks that its models accept."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from typing import Any, cast

from alerts.language import ENGLISH, Language
from alerts.render import Unrenderable, byline, clean, clean_lines, runs_rtl, safe_url, shorten

Block = dict[str, object]

HEADER, SECTION, FIELD, CONTEXT = 150, 3000, 2000, 2000
FIELDS, BLOCKS = 10, 50
# Slack also refuses a message whose blocks together are too long (msg_blocks_too_long, seen from about
# 13,200 characters with the JSON around the texts); nobody documents how it counts, so stay well below.
TOTAL = 10_000
FALLBACK = 2_000
_PING = re.compile(r"@(?=(?:channel|here|everyone|group)\b)", re.IGNORECASE)
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}


def units(text: str) -> int:
    """Count UTF-16 units, the larger of the two ways in which Slack's clients and servers may count."""
    return len(text) + sum(letter > "\uffff" for letter in text)


def escaped_units(text: str) -> int:
    """Count what a text takes once it is escaped: an ampersand becomes five characters."""
    return units(text) + 4 * text.count("&") + 3 * (text.count("<") + text.count(">"))


def escape(text: str, limit: int = SECTION, *, lines: bool = False) -> str:
    """Return a stranger's text as mrkdwn that cannot ping, link or break out, at most `limit` units long.

    `lines` keeps line breaks, for texts of our own that hold strangers' words.

    Cutting comes before escaping, by escaped length, so that no entity is ever cut in two.
    """
    harmless = _PING.sub("@\u2060", clean_lines(text) if lines else clean(text))
    return "".join(_ENTITIES.get(letter, letter) for letter in shorten(harmless, limit, escaped_units))


def link(url: str | None, label: str) -> str:
    """Return `<url|label>` for an http(s) address, else an empty string. `label` is a word of our own."""
    address = safe_url(url)
    return f"<{address.replace('&', '&amp;')}|{label}>" if address else ""


def header(text: str) -> Block:
    """A large line of plain text; colons in it stay colons and never become emoji."""
    from slack_sdk.models.blocks import HeaderBlock, PlainTextObject

    return _built(HeaderBlock(text=PlainTextObject(text=_filled(_plain(text, HEADER)), emoji=False)))


def section(mrkdwn: str) -> Block:
    """A paragraph of mrkdwn that is escaped already and within SECTION units."""
    from slack_sdk.models.blocks import SectionBlock

    return _built(SectionBlock(text=_mrkdwn(mrkdwn)))


def fields(pairs: Sequence[tuple[str, str]]) -> list[Block]:
    """Names and values in two columns, ten to a block. Both are escaped here."""
    from slack_sdk.models.blocks import SectionBlock

    cells = [_mrkdwn(f"*{escape(name, 200)}*\n{escape(value, FIELD - 300)}") for name, value in pairs]
    return [_built(SectionBlock(fields=cells[at : at + FIELDS])) for at in range(0, len(cells), FIELDS)]


def context(mrkdwn: str) -> Block:
    """A small grey line of mrkdwn that is escaped already and within CONTEXT units."""
    from slack_sdk.models.blocks import ContextBlock

    return _built(ContextBlock(elements=[_mrkdwn(mrkdwn)]))


def divider() -> Block:
    """A thin line."""
    from slack_sdk.models.blocks import DividerBlock

    return _built(DividerBlock())


def quote(
    text: str,
    author: str | None,
    source: str,
    url: str | None,
    at: str | None = None,
    language: Language = ENGLISH,
) -> Block:
    """One post as a quotation, with who said it and a link where there is one."""
    who = escape(byline(author, source, at, language), 300)
    tail = " · ".join(part for part in (who, link(url, language.gettext("open"))) if part)
    if runs_rtl(text) != (language.direction == "rtl"):
        tail = _isolated(tail, language)
    return section(f"> {_filled(escape(text, 500))}\n{tail}")


def _isolated(text: str, language: Language) -> str:
    """A line of ours below a stranger's of the other direction, which Slack would lend its own."""
    begin = "\u2067" if language.direction == "rtl" else "\u2066"
    return f"{begin}{text}\u2069"


def within(blocks: Iterable[Block], last: Sequence[Block], left_out: str) -> list[Block]:
    """Return as many blocks as Slack takes, from the front, then `last`.

    Where some do not fit, a line says so with `left_out`: a cut without a word would look like the whole.
    """
    note = context(left_out)
    room = TOTAL - sum(_weight(block) for block in (*last, note))
    kept: list[Block] = []
    for block in blocks:
        room -= _weight(block)
        if room < 0 or len(kept) + len(last) + 2 > BLOCKS:
            return [*kept, note, *last]
        kept.append(block)
    return [*kept, *last]


def payload(fallback: str, blocks: Sequence[Block]) -> dict[str, object]:
    """Return what is posted to an incoming webhook, checked once more by slack_sdk's own models.

    Strangers' links are not unfolded into previews: what they show is not ours to post.
    """
    from slack_sdk.errors import SlackObjectFormationError
    from slack_sdk.models.blocks import Block as Model

    for block in blocks:
        model = Model.parse(block)
        if model is None:
            raise ValueError(f"not a block that Slack knows: {block.get('type')!r}")
        try:
            model.validate_json()
        except SlackObjectFormationError as error:
            raise Unrenderable(block.get("type")) from error
    return {
        "text": _filled(escape(fallback, FALLBACK)),
        "blocks": list(blocks),
        "unfurl_links": False,
        "unfurl_media": False,
    }


def _plain(text: str, limit: int) -> str:
    """Slack does not say whether it reads entities in plain text; lookalikes are safe either way."""
    harmless = clean(text).translate({ord("<"): "‹", ord(">"): "›"})
    return shorten(_PING.sub("@\u2060", harmless), limit, units)


def _mrkdwn(text: str) -> Any:
    """`verbatim`: Slack then links no channel names and reads no mentions in plain words."""
    from slack_sdk.models.blocks import MarkdownTextObject

    return MarkdownTextObject(text=_filled(text), verbatim=True)


def _filled(text: str) -> str:
    """Slack refuses an empty text."""
    return text or "\u2013"


def _built(model: Any) -> Block:
    from slack_sdk.errors import SlackObjectFormationError

    try:
        return cast(Block, model.to_dict())
    except SlackObjectFormationError as error:
        raise Unrenderable(model.type) from error


def _weight(block: Block) -> int:
    return units(json.dumps(block, ensure_ascii=False))

"""Several alerts in one message: a line each, the worst first, the beginning and the end of one alert on one line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from alerts.language import ENGLISH, N_, Language
from alerts.message import Fact, Kind, Message, Severity
from storage.outbox import OutboxRow

MOST = 18
"""Lines of one message; how many more there are is said."""
QUOTES = 3
_SEVERITIES: dict[Severity, int] = {"critical": 0, "warning": 1, "info": 2}
_WORDS: dict[Severity, str] = {
    "critical": N_("Critical"),
    "warning": N_("Warning"),
    "info": N_("Information"),
}


@dataclass(frozen=True, slots=True)
class _Line:
    """One alert: its first message, and the one that ended it, if it is over."""

    first: Message
    last: Message
    at: int
    ended_at: int | None

    @property
    def over(self) -> bool:
        return self.ended_at is not None

    @property
    def rank(self) -> tuple[int, bool, int]:
        return _SEVERITIES[self.first.severity], self.over, self.at


def gathered(
    row: OutboxRow,
    messages: Sequence[Message],
    zone: ZoneInfo,
    link: str | None,
    language: Language = ENGLISH,
    *,
    quiet: bool,
) -> Message:
    """One message of those of a row and its rest, in their order. `quiet`: they waited for quiet hours to end."""
    lines = sorted(_lines([row, *row.rest], messages), key=lambda line: line.rank)
    over = all(line.over for line in lines)
    worst = lines[0]
    brands = list(dict.fromkeys(line.first.brand for line in lines if line.first.brand))
    brand = brands[0] if len(brands) == 1 else None
    kind: Kind = "resolved" if over else "fired"
    return Message(
        key=row.batch or row.key,
        kind=kind,
        title=_title(len(lines), brand, language, quiet=quiet, over=over),
        summary=_summary(lines, language),
        brand=brand,
        rule=None,
        at=worst.last.at,
        facts=_facts(lines, zone, language),
        quotes=tuple(quote for line in lines if not line.over for quote in line.first.quotes)[:QUOTES],
        link=link,
        data={"alerts": [message.data for message in messages]},
        language=language.code,
        severity=worst.first.severity,
    )


def _lines(rows: Sequence[OutboxRow], messages: Sequence[Message]) -> list[_Line]:
    """An alert's messages of one story become one line, in whatever order stories are mixed."""
    found: dict[str, _Line] = {}
    for row, message in zip(rows, messages, strict=True):
        story = row.thread or row.key
        at = int(str(row.numbers.get("at", row.created_at)))
        ended = None if message.kind == "fired" else at
        before = found.get(story)
        found[story] = (
            _Line(message, message, at, ended)
            if before is None
            else _Line(before.first, message, before.at, ended)
        )
    return list(found.values())


def _title(count: int, brand: str | None, language: Language, *, quiet: bool, over: bool) -> str:
    ngettext = language.ngettext
    if quiet and brand:
        return ngettext(
            "{n} alert for {brand} while it was quiet",
            "{n} alerts for {brand} while it was quiet",
            count,
            brand=brand,
        )
    if quiet:
        return ngettext("{n} alert while it was quiet", "{n} alerts while it was quiet", count)
    if over and brand:
        return ngettext(
            "Resolved: {n} alert for {brand}", "Resolved: {n} alerts for {brand}", count, brand=brand
        )
    if over:
        return ngettext("Resolved: {n} alert", "Resolved: {n} alerts", count)
    if brand:
        return ngettext("{n} alert for {brand}", "{n} alerts for {brand}", count, brand=brand)
    return ngettext("{n} alert", "{n} alerts", count)


def _summary(lines: Sequence[_Line], language: Language) -> str:
    _ = language.gettext
    still = sum(not line.over for line in lines)
    if still == 0:
        return _("Nothing of this is firing any more.")
    if still == len(lines):
        return _("All of this is still firing.")
    return language.ngettext(
        "{n} of {total} is still firing.",
        "{n} of {total} are still firing.",
        still,
        total=language.count(len(lines)),
    )


def _facts(lines: Sequence[_Line], zone: ZoneInfo, language: Language) -> tuple[Fact, ...]:
    _ = language.gettext
    facts = [Fact(_(_WORDS[line.first.severity]), _told(line, zone, language)) for line in lines[:MOST]]
    if len(lines) > MOST:
        left_out = language.ngettext(
            "{n} more alert not shown here.", "{n} more alerts not shown here.", len(lines) - MOST
        )
        facts.append(Fact("…", left_out))
    return tuple(facts)


def _told(line: _Line, zone: ZoneInfo, language: Language) -> str:
    """What it was, by which rule, and when."""
    _ = language.gettext
    parts = {
        "alert": line.first.title,
        "rule": line.first.rule or "",
        "since": language.moment(line.at, zone),
    }
    if line.ended_at is None:
        return _("{alert} ({rule}), since {since}", **parts)
    if line.first is line.last:
        return _("{alert} ({rule}), {since}", **parts)
    until = language.moment(line.ended_at, zone)
    if line.last.kind == "expired":
        return _("{alert} ({rule}), {since} to {until}, closed for too little data", until=until, **parts)
    return _("{alert} ({rule}), {since} to {until}, resolved", until=until, **parts)

"""Several alerts in one message: a line each, the worst first, the beginning and the end of one alert on one line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from alerts import format as reading
from alerts.message import Fact, Kind, Message, Severity
from storage.outbox import OutboxRow

MOST = 18
"""Lines of one message; how many more there are is said."""
QUOTES = 3
_SEVERITIES: dict[Severity, int] = {"critical": 0, "warning": 1, "info": 2}
_ENDS = {"resolved": "resolved", "expired": "closed for too little data"}


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
    row: OutboxRow, messages: Sequence[Message], zone: ZoneInfo, link: str | None, *, quiet: bool
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
        title=_title(len(lines), brand, quiet=quiet, over=over),
        summary=_summary(lines),
        brand=brand,
        rule=None,
        at=worst.last.at,
        facts=_facts(lines, zone),
        quotes=tuple(quote for line in lines if not line.over for quote in line.first.quotes)[:QUOTES],
        link=link,
        data={"alerts": [message.data for message in messages]},
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


def _title(count: int, brand: str | None, *, quiet: bool, over: bool) -> str:
    what = reading.plural(count, "alert")
    if quiet and brand:
        return f"{what} for {brand} while it was quiet"
    if quiet:
        return f"{what} while it was quiet"
    told = f"{what} for {brand}" if brand else what
    return f"Resolved: {told}" if over else told


def _summary(lines: Sequence[_Line]) -> str:
    still = sum(not line.over for line in lines)
    if still == 0:
        return "All of them are over."
    if still == len(lines):
        return "It fires still." if still == 1 else "All of them fire still."
    return f"{still} of {len(lines)} fire still."


def _facts(lines: Sequence[_Line], zone: ZoneInfo) -> tuple[Fact, ...]:
    facts = [Fact(line.first.severity.capitalize(), _told(line, zone)) for line in lines[:MOST]]
    if len(lines) > MOST:
        facts.append(Fact("More", f"{reading.plural(len(lines) - MOST, 'alert')} that have no line here"))
    return tuple(facts)


def _told(line: _Line, zone: ZoneInfo) -> str:
    """What it was, by which rule, and when: "Acme: negative share 46 % (angry), Mon 02:10 to 03:00, resolved"."""
    what = f"{line.first.title} ({line.first.rule})"
    when = reading.moment(line.at, zone)
    if line.ended_at is None:
        return f"{what}, since {when}"
    if line.first is line.last:
        return f"{what}, {when}"
    return f"{what}, {when} to {reading.moment(line.ended_at, zone)}, {_ENDS.get(line.last.kind, line.last.kind)}"

"""Google Analytics: Traffic acquisition and key events of GA4, channels and sources of Universal Analytics."""

from __future__ import annotations

from collections.abc import Iterator

from listener.imports.forms import Form
from listener.imports.networks import channel_of, network_of
from listener.imports.row import BadRow, Row
from storage.measures import Measure

# Spanish as GA4 writes it with its interface in Spanish; other languages with --map.
_DAY = ("date", "fecha", "day")
_WHERE = {
    "date": _DAY,
    "range": ("date range", "intervalo de fechas"),
    "channel": (
        "session primary channel group (default channel group)",
        "session default channel group",
        "session primary channel group",
        "default channel group",
        "grupo de canales principal de la sesión (grupo de canales predeterminado)",
        "grupo de canales predeterminado de la sesión",
        "grupo de canales predeterminado de sesión",
    ),
    "source_medium": ("session source / medium", "session source/medium", "fuente/medio de la sesión"),
    "source": ("session source", "fuente de la sesión"),
    "medium": ("session medium", "medio de la sesión"),
    "campaign": ("session campaign", "campaña de la sesión"),
    "revenue": ("total revenue", "purchase revenue", "total de ingresos", "ingresos totales"),
    "key_events": ("key events", "conversions", "eventos clave", "conversiones"),
}
_SESSIONS = {"sessions": "sessions", "engaged_sessions": "engaged_sessions", "key_events": "key_events"}
_SCOPE = ("kind", "metric", "day", "account")


def _where(row: Row) -> dict[str, str]:
    """Network, campaign and channel group of a row; the channel by GA4's own rules where only the source is told."""
    source, medium = row.label("source"), row.label("medium")
    if row.has("source_medium"):
        source, _, medium = (part.strip() for part in row.label("source_medium").partition("/"))
    channel = row.label("channel")
    if not channel and (source or medium):
        channel = channel_of(source, medium)
    if not channel:
        raise BadRow("names neither a channel group nor a source")
    campaign = row.label("campaign")
    return {
        "network": network_of(source) or row.wish.network,
        "campaign": "" if campaign.startswith("(") else campaign,
        "account": row.wish.account,
        "item": channel,
    }


def _traffic(row: Row) -> Iterator[Measure]:
    yield from row.measures("ga4", {**_SESSIONS, "revenue": "revenue"}, day=row.day(), **_where(row))


def _event(row: Row) -> Iterator[Measure]:
    name = row.label("event")
    where = _where(row) if any(map(row.has, ("channel", "source", "source_medium"))) else {}
    where = {**where, "account": row.wish.account, "item": f"key_event:{name}"}
    yield from row.measures("ga4", {"key_events": "key_event"}, day=row.day(), **where)


def _universal(row: Row) -> Iterator[Measure]:
    day, where = row.day(), _where(row)
    metrics = {"sessions": "sessions", "goal_completions": "key_events", "revenue": "revenue"}
    yield from row.measures("ga4", metrics, day=day, **where)
    sessions, rate = row.count("sessions"), row.ratio("bounce_rate")
    if sessions is not None and rate is not None:
        # Visits of one page. What GA4 calls a bounce is another thing, and is kept under another name.
        yield Measure("ga4", "bounced_sessions_ua", day, float(round(rate * sessions)), None, **where)


FORMS = (
    Form(
        "GA4 key events",
        {**_WHERE, "event": ("event name", "nombre del evento")},
        ("event", "key_events"),
        _event,
        _SCOPE,
        of_whole=("event",),
        by_map=True,
    ),
    Form(
        "GA4 traffic acquisition",
        {
            **_WHERE,
            "sessions": ("sessions", "sesiones"),
            "engaged_sessions": ("engaged sessions", "sesiones con interacción"),
        },
        ("channel|source_medium|source", "sessions"),
        _traffic,
        _SCOPE,
        of_whole=("channel", "source_medium", "source"),
        by_map=True,
    ),
    Form(
        "Universal Analytics",
        {
            "date": _DAY,
            "channel": ("default channel grouping",),
            "source_medium": ("source / medium", "source/medium"),
            "campaign": ("campaign",),
            "sessions": ("sessions",),
            "bounce_rate": ("bounce rate",),
            "goal_completions": ("goal completions", "transactions"),
            "revenue": ("revenue",),
        },
        ("channel|source_medium", "sessions", "bounce_rate"),
        _universal,
        _SCOPE,
        of_whole=("channel", "source_medium"),
    ),
)

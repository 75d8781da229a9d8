"""The HTTP API: mentions, KPIs and alerts under the names of the commands; errors as problem details."""

from __future__ import annotations

import asyncio
import base64
import json
from http import HTTPStatus

from aiohttp import web

from listener.asking import UsageError, question
from listener.dashboard.keys import STATION
from storage import alerting, browse, outbox
from storage.browse import Filter
from storage.calendar import iso, parse_time
from storage.kpi import KPIS, compute

_MOST = 500


def problem(status: int, detail: str) -> web.Response:
    """An error as RFC 9457 describes it."""
    body = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail}
    return web.json_response(body, status=status, content_type="application/problem+json")


async def mentions(request: web.Request) -> web.Response:
    """GET /api/v1/mentions?brand=&source=&sentiment=&since=&until=&limit=&cursor=: newest first."""
    station = request.app[STATION]
    query = request.query
    zone = station.config.zone
    try:
        limit = min(_MOST, max(1, int(query.get("limit", "50"))))
        wanted = Filter(
            brand=query.get("brand"),
            source=query.get("source"),
            label=_label(query.get("sentiment")),
            since=parse_time(query["since"], zone) if "since" in query else None,
            until=parse_time(query["until"], zone) if "until" in query else None,
            after=_decode(query["cursor"]) if "cursor" in query else None,
        )
    except ValueError as error:
        return problem(400, str(error))
    found = await asyncio.to_thread(browse.mentions, station.reader, wanted, limit)
    cursor = _encode(found[-1].published_at, found[-1].id) if len(found) == limit else None
    return web.json_response({"mentions": [seen.to_json() for seen in found], "next_cursor": cursor})


def _label(text: str | None) -> str | None:
    if text not in (None, "negative", "neutral", "positive"):
        raise ValueError(f"sentiment is negative, neutral or positive, not {text!r}")
    return text


def _encode(published_at: int, id_: int) -> str:
    return base64.urlsafe_b64encode(json.dumps([published_at, id_]).encode()).decode()


def _decode(text: str) -> tuple[int, int]:
    try:
        published_at, id_ = json.loads(base64.urlsafe_b64decode(text.encode()))
        return int(published_at), int(id_)
    except (ValueError, TypeError):
        raise ValueError(
            "this cursor was not made by the API; leave it out to begin with the newest"
        ) from None


async def kpis(request: web.Request) -> web.Response:
    """GET /api/v1/kpis?kpi=&brand=&source=&since=&until=&timezone=&by=: parameters may be repeated."""
    station = request.app[STATION]
    query = request.query
    try:
        ask, names = question(
            station.reader,
            station.config,
            station.now(),
            kpis=query.getall("kpi", []),
            brands=query.getall("brand", []),
            sources=query.getall("source", []),
            by=query.getall("by", []),
            since=query.get("since"),
            until=query.get("until"),
            timezone=query.get("timezone"),
        )
    except UsageError as error:
        return problem(400, str(error))
    found = await asyncio.to_thread(compute, station.reader, [KPIS[name] for name in names], ask)
    return web.json_response({"kpis": [value.to_json(ask.zone) for value in found]})


async def alerts(request: web.Request) -> web.Response:
    """GET /api/v1/alerts: what fires now, what was told lately, what waits to be delivered."""
    station = request.app[STATION]
    states, events, waiting = await asyncio.to_thread(
        lambda: (
            alerting.states(station.reader),
            alerting.events(station.reader),
            outbox.deliveries(station.reader, undelivered=True),
        )
    )
    return web.json_response(
        {
            "firing": [
                {"rule": s.rule, "brand": s.brand, "fired_at": iso(s.fired_at)}
                for s in states.values()
                if s.phase == "firing"
            ],
            "events": [
                {"key": e.key, "rule": e.rule, "brand": e.brand, "kind": e.kind, "at": iso(e.at), **_plain(e)}
                for e in events
            ],
            "undelivered": [
                {
                    "key": d.key,
                    "channel": d.channel,
                    "state": d.state,
                    "attempts": d.attempts,
                    "error": d.error,
                }
                for d in waiting
            ],
        }
    )


def _plain(event: alerting.AlertEvent) -> dict[str, object]:
    names = ("kpi", "op", "threshold", "unit", "value", "n")
    numbers = {name: event.numbers[name] for name in names}
    return {**numbers, "since": iso(event.since), "until": iso(event.until), "post_ids": list(event.post_ids)}

"""The HTTP API: mentions, KPIs and alerts under the names of the commands; errors as problem details."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Callable, Mapping
from http import HTTPStatus

from aiohttp import web
from multidict import MultiMapping

from listener import showing
from listener.asking import UsageError, brand_named, moment, question, sources_named, tags_named
from listener.dashboard.keys import STATION
from listener.station import Station
from storage import browse
from storage.browse import Filter, Seen
from storage.explain import explain
from storage.kpi import compute, kpis_of

_MOST = 500


def problem(status: int, detail: str) -> web.Response:
    """An error as RFC 9457 describes it."""
    body = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail}
    return web.json_response(body, status=status, content_type="application/problem+json")


async def mentions(request: web.Request) -> web.Response:
    """GET /api/v1/mentions?brand=&source=&sentiment=&tag=&route=&since=&until=&limit=&cursor=: mentions by date."""
    return await _answer(_mentions, request)


async def _answer(work: Callable[[Station, MultiMapping[str]], object], request: web.Request) -> web.Response:
    """Look up and write out on a thread: a question over years would hold the loop for seconds."""
    try:
        body = await asyncio.to_thread(
            lambda: json.dumps(work(request.app[STATION], request.query), ensure_ascii=False).encode()
        )
    except UsageError as error:
        return problem(400, str(error))
    return web.Response(body=body, content_type="application/json", charset="utf-8")


def _mentions(station: Station, query: MultiMapping[str]) -> object:
    zone, now = station.config.zone, station.now()
    only(query, "brand", "source", "sentiment", "tag", "route", "since", "until", "limit", "cursor")
    limit = _limit(query.get("limit", "50"))
    wanted = Filter(
        brand=brand_named(query["brand"], station.config.brands) if "brand" in query else None,
        source=sources_named(station.reader, [query["source"]])[0] if "source" in query else None,
        label=_label(query.get("sentiment")),
        since=moment(query["since"], zone, now) if "since" in query else None,
        until=moment(query["until"], zone, now) if "until" in query else None,
        after=_decode(query["cursor"]) if "cursor" in query else None,
        tags=tags_named(query.get("tag"), query.get("route"), station.config.tags),
    )
    found = browse.mentions(station.reader, wanted, limit)
    cursor = _encode(found[-1]) if len(found) == limit else None
    return {"mentions": [seen.to_json() for seen in found], "next_cursor": cursor}


def only(query: Mapping[str, str], *names: str) -> None:
    """Refuse what would be ignored: a misspelt filter would answer another question. Raises UsageError."""
    for name in query:
        if name not in names:
            raise UsageError(f"there is no parameter {name[:40]!r}; there are: {', '.join(names)}")


def _limit(text: str, name: str = "limit") -> int:
    if not text.isdecimal() or len(text) > 9:
        raise UsageError(f"{name} is a number from 1 to {_MOST}, not {text[:40]!r}")
    return min(_MOST, max(1, int(text)))


def _flag(text: str, name: str) -> bool:
    if text not in ("true", "false"):
        raise UsageError(f"{name} is true or false, not {text[:40]!r}")
    return text == "true"


def _label(text: str | None) -> str | None:
    if text not in (None, "negative", "neutral", "positive"):
        raise UsageError(f"sentiment is negative, neutral or positive, not {text!r}")
    return text


def _encode(last: Seen) -> str:
    return base64.urlsafe_b64encode(json.dumps([last.published_at, last.id, last.brand]).encode()).decode()


def _decode(text: str) -> tuple[int, int, str]:
    try:
        published_at, id_, brand = json.loads(base64.urlsafe_b64decode(text.encode()))
        str(brand).encode()  # half a surrogate pair is no name, and no store takes it
        if max(abs(int(published_at)), abs(int(id_))) < 2**63:
            return int(published_at), int(id_), str(brand)
    except (ValueError, TypeError, OverflowError, RecursionError):
        pass
    raise UsageError("this cursor was not made by the API; leave it out to begin with the newest")


async def kpis(request: web.Request) -> web.Response:
    """GET /api/v1/kpis?kpi=&brand=&source=&since=&until=&timezone=&by=&tag=&compare=: KPIs; all may be repeated."""
    return await _answer(_kpis, request)


def _kpis(station: Station, query: MultiMapping[str]) -> object:
    only(query, "kpi", "brand", "source", "by", "since", "until", "timezone", "tag", "compare")
    # A number is read in several questions, and pages are committed meanwhile.
    with station.reader.snapshot() as store:
        ask, names = question(
            store,
            station.config,
            station.now(),
            kpis=query.getall("kpi", []),
            brands=query.getall("brand", []),
            sources=query.getall("source", []),
            by=query.getall("by", []),
            since=query.get("since"),
            until=query.get("until"),
            timezone=query.get("timezone"),
            tag=query.get("tag"),
            compare=_flag(query.get("compare", "false"), "compare"),
        )
        known = kpis_of(store)
        found = compute(store, [known[name] for name in names], ask)
    return {"kpis": [value.to_json(ask.zone) for value in found]}


async def explanation(request: web.Request) -> web.Response:
    """GET /api/v1/explain?kpi=&brand=&source=&since=&until=&timezone=&sentiment=&posts=&after=: one number, opened."""
    return await _answer(_explanation, request)


def _explanation(station: Station, query: MultiMapping[str]) -> object:
    only(query, "kpi", "brand", "source", "since", "until", "timezone", "sentiment", "posts", "after")
    for name in ("kpi", "brand"):
        if len(query.getall(name, [])) != 1:
            raise UsageError(f"name one {name}: one number is explained at a time")
    after = query.get("after")
    if after is not None and not (after.isascii() and after.isdecimal() and len(after) < 19):
        raise UsageError(f"after is the number of a post, not {after[:40]!r}")
    with station.reader.snapshot() as store:
        ask, (kpi,) = question(
            store,
            station.config,
            station.now(),
            kpis=query.getall("kpi"),
            brands=query.getall("brand"),
            sources=query.getall("source", []),
            since=query.get("since"),
            until=query.get("until"),
            timezone=query.get("timezone"),
        )
        made = explain(
            store,
            kpis_of(store)[kpi],
            ask,
            posts=_limit(query.get("posts", "10"), "posts"),
            after=int(after) if after else None,
            label=_label(query.get("sentiment")),
        )
    return made.to_json(ask.zone)


async def alerts(request: web.Request) -> web.Response:
    """GET /api/v1/alerts: what fires now, what was told lately, what waits to be delivered."""
    return await _answer(
        lambda station, _: showing.alerts(station.reader, station.now()).to_json(station.config.zone), request
    )

"""The status page: what is heard, what it comes to this week, what was told. One page, no script."""

from __future__ import annotations

import asyncio
from functools import cache
from pathlib import Path

from aiohttp import web
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from alerts import format as reading
from alerts.telling import amount, span, why
from listener import __version__, room
from listener.dashboard.health import examine
from listener.dashboard.keys import STATION
from listener.station import Station
from storage import alerting, browse, deliveries, polling
from storage.browse import Filter
from storage.calendar import Window
from storage.kpi import CARD, KPIS, Ask, KpiValue, compute
from storage.mention import Brand

_FOLDER = Path(__file__).parent / "templates"
_WEEK = 7 * 86400


@cache
def _templates() -> Environment:
    return Environment(loader=FileSystemLoader(_FOLDER), autoescape=True, undefined=StrictUndefined)


async def status(request: web.Request) -> web.Response:
    """GET /: the status page: the last seven days, sources, alerts, newest mentions."""
    html = await asyncio.to_thread(_render, request.app[STATION])
    return web.Response(text=html, content_type="text/html")


async def style(request: web.Request) -> web.FileResponse:
    """GET /style.css: its style."""
    return web.FileResponse(_FOLDER / "style.css")


def _render(station: Station) -> str:
    zone, now = station.config.zone, station.now()
    ask = Ask(Window(now - _WEEK, now), now, zone, station.config.brands)
    with station.reader.snapshot() as store:
        values = compute(store, [KPIS[name] for name in CARD], ask)
    states = alerting.states(station.reader)
    return (
        _templates()
        .get_template("status.html")
        .render(
            health=examine(station),
            disk=room.told(station.config, station.reader),
            version=__version__,
            now=reading.moment(now, zone),
            zone=zone.key,
            kpis=list(CARD),
            brands=[_row(brand, values) for brand in station.config.brands],
            changes=reading.query_changes({c for v in values for c in v.query_changes}, zone)
            + [
                reading.engine_change(turn.brand, turn.engine, turn.at, zone)
                for turn in sorted({t for v in values for t in v.engine_changes}, key=lambda t: t.at)
            ],
            left_out=values[0].left_out if values else (),
            sources=[s for s in polling.states(station.reader) if s.active or s.posts],
            firing=[s for s in states.values() if s.phase == "firing"],
            events=alerting.events(station.reader, 10),
            waiting=deliveries.newest(station.reader, 10, undelivered=True),
            mentions=browse.mentions(station.reader, Filter(), 15),
            moment=lambda at: reading.moment(at, zone) if at else "",
            amount=amount,
            shorten=_shorten,
            count=reading.count,
            ago=lambda at: f"{reading.duration(max(0, now - at))} ago" if at else "never",
            ahead=lambda at: f"in {reading.duration(max(0, at - now))}" if at and at > now else "now",
        )
    )


def _row(brand: Brand, values: list[KpiValue]) -> dict[str, object]:
    mine = [value for value in values if value.brand == brand.name]
    return {
        "name": brand.name,
        "own": brand.own,
        "topic": brand.topic,
        "cells": [_cell(value) for value in mine],
    }


def _cell(value: KpiValue) -> dict[str, object]:
    if value.value is None:
        return {"text": "–", "note": why(value.reason), "kpi": value.kpi}
    interval: list[float] | None = value.more.get("interval")  # type: ignore[assignment]
    may_be = span(interval, value.unit, value.kpi)
    return {
        "text": amount(value.value, value.unit, value.kpi),
        "note": f"n = {reading.count(value.n)}" + (f"; {may_be}" if may_be else ""),
        "kpi": value.kpi,
    }


def _shorten(text: str, length: int = 220) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= length else flat[: length - 1] + "…"

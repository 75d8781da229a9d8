"""The table of the API's routes, from the routes themselves and the first sentence of what answers them."""

from __future__ import annotations

import inspect
import re
import time
from datetime import UTC
from types import SimpleNamespace
from typing import Any, cast

from aiohttp.web import AbstractRoute
from pydantic import SecretStr

from listener.collectors.ingest.collector import Ingest, Options
from listener.dashboard.app import make_app

# "GET /api/v1/kpis?kpi=&brand=: parameters may be repeated." says the method and the path once more before the colon.
_OPENING = re.compile(r"^(?:GET|POST|DELETE)\b[^:]*: ")
_PLACES = {"GET": 0, "POST": 1, "DELETE": 2}


def routes_table() -> str:
    """Each path with each method that it takes, as `make_app` has them where everything is configured."""
    door = Ingest(Options(secret=SecretStr("a-word-of-twenty-one")))
    station = SimpleNamespace(collectors=[door], config=SimpleNamespace(zone=UTC), clock=time.time)
    app = make_app(cast(Any, station))
    # HEAD comes with each GET, and the page says so once.
    routes = [route for route in app.router.routes() if route.method != "HEAD"]
    rows = sorted((_path(route), _PLACES[route.method], route.method, _says(route)) for route in routes)
    lines = [f"| `{path}` | {method} | {says} |" for path, _, method, says in rows]
    return "\n".join(["| route | | |", "|---|---|---|", *lines]) + "\n"


def _path(route: AbstractRoute) -> str:
    assert route.resource is not None
    return route.resource.canonical


def _says(route: AbstractRoute) -> str:
    told = " ".join((inspect.getdoc(route.handler) or "").split())
    assert told, f"{route} has no docstring to tell of it"
    return _OPENING.sub("", told).rstrip(".").replace("|", "\\|")

"""Where the application keeps the station that it shows."""

from __future__ import annotations

from aiohttp import web

from listener.station import Station

STATION = web.AppKey("station", Station)

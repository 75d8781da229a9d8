"""GET /metrics: what Prometheus scrapes, as text or OpenMetrics, made anew for each request."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from http import HTTPStatus
from math import isinf

from aiohttp import web
from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from listener.dashboard.api import problem
from listener.dashboard.health import examine, free
from listener.dashboard.keys import STATION
from listener.metrics import FAMILIES, Family, Value, by_family, samples
from listener.pulse import Histogram
from listener.station import Station
from storage.base import StoreError

# Of the process as every exporter tells it: process_cpu_seconds_total, process_resident_memory_bytes and so on.
_PROCESS = ProcessCollector(registry=None)


async def metrics(request: web.Request) -> web.Response:
    """GET /metrics. 503 where the store cannot be read: a scrape that half succeeds would look like zeros."""
    station = request.app[STATION]
    try:
        body, kind = await asyncio.to_thread(write, station, request.headers.get("Accept", ""))
    except StoreError as error:
        return problem(HTTPStatus.SERVICE_UNAVAILABLE, f"the store cannot be read: {error}")
    return web.Response(body=body, headers={"Content-Type": kind})


def write(station: Station, accept: str) -> tuple[bytes, str]:
    """The metrics of a station in the format that an Accept header asks for, and its name. Raises StoreError."""
    encode, kind = choose_encoder(accept)
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Scrape(station))
    registry.register(_PROCESS)
    return encode(registry), kind


class _Scrape(Collector):
    """One look at a station, all of it at one moment of the store."""

    def __init__(self, station: Station) -> None:
        self._station = station

    def describe(self) -> Iterable[Metric]:
        """Nothing: the registry is of this one scrape."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """Every family of which there is anything to tell."""
        station = self._station
        with station.reader.snapshot() as store:
            health = examine(station, store)
            found = by_family(
                samples(station, len(health.problems), not health.failing, free(station), store)
            )
        for name, family in FAMILIES.items():
            if name in found:
                yield _metric(name, family, found[name])


def _metric(name: str, family: Family, values: Iterable[tuple[tuple[str, ...], Value]]) -> Metric:
    if family.kind == "histogram":
        histogram = HistogramMetricFamily(name, family.says, labels=family.labels)
        for labels, value in values:
            assert isinstance(value, Histogram)
            buckets = [("+Inf" if isinf(bound) else str(bound), count) for bound, count in value.buckets()]
            histogram.add_metric(labels, buckets, value.sum)
        return histogram
    make = CounterMetricFamily if family.kind == "counter" else GaugeMetricFamily
    metric = make(name, family.says, labels=family.labels)
    for labels, value in values:
        assert not isinstance(value, Histogram)
        metric.add_metric(labels, value)
    return metric

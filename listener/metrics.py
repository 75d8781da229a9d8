"""What Prometheus is told: the families by name, and their values read when somebody asks. Nothing is kept between."""

from __future__ import annotations

import platform
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from listener import __version__, letters
from listener.pulse import Histogram
from listener.showing import LOST_FOR
from listener.station import Station
from storage import polling, vitals
from storage.base import Rows

Kind = Literal["counter", "gauge", "histogram"]
Value = float | Histogram
Sample = tuple[str, tuple[str, ...], Value]
"""A family, the values of its labels in their order, and what it comes to."""


@dataclass(frozen=True, slots=True)
class Family:
    """What a metric is. `labels` take their values from the configuration alone, so that there are few."""

    kind: Kind
    says: str
    labels: tuple[str, ...] = ()


_SOURCE, _CHANNEL = ("source",), ("channel",)

FAMILIES: Mapping[str, Family] = {
    "listener_build_info": Family(
        "gauge", "Always 1; which version runs, on which Python.", ("version", "python")
    ),
    "listener_engine_info": Family("gauge", "Always 1; which tone engine judges.", ("engine",)),
    "listener_problems": Family("gauge", "How many problems /healthz tells; 0 while it says ok."),
    "listener_store_writable": Family("gauge", "1 while posts can be kept, 0 while /healthz answers 503."),
    "listener_source_up": Family(
        "gauge", "1 while a source answers; 0 while it is down, or was never asked.", _SOURCE
    ),
    "listener_source_failures": Family("gauge", "Polls that have failed in a row.", _SOURCE),
    "listener_source_posts_total": Family("counter", "Posts kept, since the store was made.", _SOURCE),
    "listener_source_mentions": Family("gauge", "Mentions kept.", _SOURCE),
    "listener_source_heard_through_timestamp_seconds": Family(
        "gauge", "Up to when a source was heard; absent before the first time.", _SOURCE
    ),
    "listener_source_lateness_seconds": Family(
        "gauge",
        "For how long what was said at a moment may still arrive: two polls, or what the source needs.",
        _SOURCE,
    ),
    "listener_source_last_answer_timestamp_seconds": Family(
        "gauge", "When a source last answered; absent before the first time.", _SOURCE
    ),
    "listener_source_next_poll_timestamp_seconds": Family(
        "gauge", "When a source is asked next; absent for streams and before the first poll.", _SOURCE
    ),
    "listener_source_quarantined_items": Family(
        "gauge", "Items that could not be read and are set aside.", _SOURCE
    ),
    "listener_source_gaps_total": Family(
        "counter", "Stretches of time that are lost, since the store was made.", _SOURCE
    ),
    "listener_source_gap_seconds_total": Family("counter", "Seconds that they come to.", _SOURCE),
    "listener_brand_mentions": Family("gauge", "Mentions of a brand that are kept.", ("brand",)),
    "listener_channel_up": Family(
        "gauge", "1 while a channel works; 0 since its last attempt failed.", _CHANNEL
    ),
    "listener_deliveries_total": Family(
        "counter",
        "Messages by what came of an attempt to send them, since the start: delivered, tried_again, "
        "unknown (the answer was lost; sent again) or given_up.",
        ("channel", "outcome"),
    ),
    "listener_outbox_messages": Family(
        "gauge",
        "Messages not delivered: waiting, withheld (silenced, put off), or failed (given up in the last seven days).",
        ("channel", "state"),
    ),
    "listener_outbox_oldest_due_timestamp_seconds": Family(
        "gauge", "Since when the first of those that wait is due; absent where none waits.", _CHANNEL
    ),
    "listener_alerts_firing": Family(
        "gauge",
        "Alerts of a rule that fire now for a brand; the brand is empty for rules about Listener itself.",
        ("rule", "brand", "severity"),
    ),
    "listener_letter_written_timestamp_seconds": Family(
        "gauge",
        "When a letter was last written; absent before the first. Its name is empty if it has none.",
        ("letter",),
    ),
    "listener_letter_overdue": Family(
        "gauge", "1 while a letter whose time has come is not written.", ("letter",)
    ),
    "listener_store_size_bytes": Family("gauge", "Size of the store's file."),
    "listener_store_log_size_bytes": Family("gauge", "Size of its log (the WAL)."),
    "listener_store_disk_free_bytes": Family("gauge", "Bytes that are free where the store lies."),
    "listener_texts_expired_total": Family(
        "counter", "Posts that lost their text to storage.retention, since the start."
    ),
    "listener_writer_queue_length": Family(
        "gauge", "Pieces of work that the writing thread does or has before it."
    ),
    "listener_writer_busy_seconds": Family("gauge", "For how long it has been at the one that it does now."),
    "listener_judge_queue_length": Family("gauge", "Pages that are matched and judged now, or wait for it."),
    "listener_judging_duration_seconds": Family(
        "histogram", "Matching and judging one page, with its wait for the thread."
    ),
    "listener_commit_duration_seconds": Family(
        "histogram", "Keeping one page, with its wait for the thread."
    ),
    "listener_event_loop_lag_seconds": Family(
        "histogram", "How late the event loop is, measured each second."
    ),
    "listener_config_last_reload_successful": Family(
        "gauge", "1 if the configuration was taken when it was last read, at the start or on reload."
    ),
    "listener_config_last_reload_success_timestamp_seconds": Family(
        "gauge", "When a configuration was last taken."
    ),
}


def samples(station: Station, problems: int, writable: bool, free: int, store: Rows) -> Iterator[Sample]:
    """Everything that is told of a station; what is unknown has no sample, for null is not zero."""
    yield "listener_build_info", (__version__, platform.python_version()), 1
    yield "listener_engine_info", (station.pipeline.engine_name,), 1
    yield "listener_problems", (), problems
    yield "listener_store_writable", (), int(writable)
    yield "listener_store_disk_free_bytes", (), free
    yield from _sources(station, store)
    yield from _channels(station, store)
    yield from _alerts(station, store)
    yield from _letters(station, store)
    yield from _house(station)


def _sources(station: Station, store: Rows) -> Iterator[Sample]:
    by_source, by_brand = vitals.mentions(store)
    lost, none = vitals.lost(store), vitals.Lost(0, 0)
    for collector in station.collectors:
        yield "listener_source_lateness_seconds", (collector.source.name,), collector.source.lateness
    for state in polling.states(store):
        if not state.active:
            continue
        label = (state.name,)
        up = state.down_since is None and state.last_answer_at is not None
        yield "listener_source_up", label, int(up)
        yield "listener_source_failures", label, state.failures
        yield "listener_source_posts_total", label, state.posts
        yield "listener_source_mentions", label, by_source.get(state.name, 0)
        yield "listener_source_quarantined_items", label, state.set_aside
        yield "listener_source_gaps_total", label, lost.get(state.name, none).gaps
        yield "listener_source_gap_seconds_total", label, lost.get(state.name, none).seconds
        if state.heard_through is not None:
            yield "listener_source_heard_through_timestamp_seconds", label, state.heard_through
        if state.last_answer_at is not None:
            yield "listener_source_last_answer_timestamp_seconds", label, state.last_answer_at
        if state.next_poll_at is not None and state.next_reason != polling.STREAMS:
            yield "listener_source_next_poll_timestamp_seconds", label, state.next_poll_at
    for brand in station.config.brands:
        yield "listener_brand_mentions", (brand.name,), by_brand.get(brand.name, 0)


def _channels(station: Station, store: Rows) -> Iterator[Sample]:
    boxes = vitals.outbox(store, station.now() - LOST_FOR)
    empty, failing, outcomes = (
        vitals.Outbox({}, None),
        station.dispatcher.failing,
        station.dispatcher.outcomes,
    )
    for channel in station.config.channels:
        yield "listener_channel_up", (channel,), int(channel not in failing)
        for outcome in ("delivered", "tried_again", "unknown", "given_up"):
            yield "listener_deliveries_total", (channel, outcome), outcomes[channel, outcome]
        box = boxes.get(channel, empty)
        for state in ("waiting", "withheld", "failed"):
            yield "listener_outbox_messages", (channel, state), box.messages.get(state, 0)
        if box.oldest is not None:
            yield "listener_outbox_oldest_due_timestamp_seconds", (channel,), box.oldest


def _alerts(station: Station, store: Rows) -> Iterator[Sample]:
    # Those that do not fire are told too: what is absent cannot be compared.
    counts: dict[tuple[str, str, str], int] = {
        (rule.name, rule.brand, rule.severity): 0 for rule in station.config.rules
    }
    counts |= {(one.rule, one.brand, one.severity): one.alerts for one in vitals.firing(store)}
    for labels, count in counts.items():
        yield "listener_alerts_firing", labels, count


def _letters(station: Station, store: Rows) -> Iterator[Sample]:
    written, config = vitals.letters(store), station.config
    for options in config.letters:
        if options.name in written:
            yield "listener_letter_written_timestamp_seconds", (options.name,), written[options.name]
        late = letters.overdue(store, config, options, station.born, station.config_at, station.now())
        yield "listener_letter_overdue", (options.name,), int(late is not None)


def _house(station: Station) -> Iterator[Sample]:
    pulse, writer, database = station.pulse, station.writer, station.config.database
    log = database.with_name(f"{database.name}-wal")
    yield "listener_store_size_bytes", (), database.stat().st_size
    yield "listener_store_log_size_bytes", (), log.stat().st_size if log.exists() else 0
    yield "listener_texts_expired_total", (), pulse.expired
    yield "listener_writer_queue_length", (), writer.queue
    yield "listener_writer_busy_seconds", (), writer.busy
    yield "listener_judge_queue_length", (), pulse.judge_queue
    yield "listener_judging_duration_seconds", (), pulse.judging
    yield "listener_commit_duration_seconds", (), pulse.keeping
    yield "listener_event_loop_lag_seconds", (), pulse.lag
    yield "listener_config_last_reload_successful", (), int(station.config_good)
    yield "listener_config_last_reload_success_timestamp_seconds", (), station.config_at


def by_family(found: Iterator[Sample]) -> dict[str, list[tuple[tuple[str, ...], Value]]]:
    """Samples under the families that they belong to, as the formats want them: one after the other."""
    families: dict[str, list[tuple[tuple[str, ...], Value]]] = defaultdict(list)
    for family, labels, value in found:
        families[family].append((labels, value))
    return families

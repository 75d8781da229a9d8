"""What fires, what was told and what waits, as one document: the same for `listener alerts --json` and the API."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from alerts import format as reading
from listener.hushing import answer_json, silence_json
from storage import alerting, deliveries
from storage.alerting import AlertEvent, AlertState
from storage.base import Rows
from storage.calendar import iso
from storage.deliveries import Delivery
from storage.desk import acknowledgements, silences
from storage.desk.acknowledgements import Acknowledgement
from storage.desk.silences import Silence

LOST_FOR = 7 * 86_400
"""Seconds for which a message that was given up counts as a problem: by then nobody misses it any more."""
UNSURE_AFTER = 300
"""Seconds without enough data after which it is said: what fires is looked at once a minute."""
_RANKS = {"critical": 0, "warning": 1, "info": 2}
_NUMBERS = ("kpi", "op", "threshold", "unit", "value", "n", "over", "min_n")
_DELIVERY = ("key", "channel", "kind", "state", "attempts", "unknown", "error", "withheld", "batch")
_MOMENTS = ("created_at", "next_at", "done_at", "resent_at")


@dataclass(frozen=True, slots=True)
class Alerts:
    """Rules that fire now, the worst first; events and deliveries, newest first; what is not delivered or was given up.

    `said`: who took an alert on or put it off, by its episode; `severities`: with which it fired, likewise; `silences`:
    those that hold.
    """

    firing: Sequence[AlertState]
    events: Sequence[AlertEvent]
    deliveries: Sequence[Delivery]
    undelivered: Sequence[Delivery]
    said: Mapping[str, Acknowledgement]
    severities: Mapping[str, str]
    silences: Sequence[Silence]
    now: int

    def answered(self, state: AlertState) -> Acknowledgement | None:
        """Who took an alert on, or put it off until later; None where nobody did, or that time is over."""
        said = self.said.get(state.episode)
        return said if said is not None and (said.until is None or said.snoozes(self.now)) else None

    def unsure_since(self, state: AlertState) -> int | None:
        """Since when there has been too little data to say whether it goes on; None where there is enough."""
        return state.enough_at if self.now - state.enough_at >= UNSURE_AFTER else None

    def to_json(self, zone: ZoneInfo) -> dict[str, object]:
        """Plain JSON with times in ISO 8601."""
        return {
            "firing": [
                {
                    "key": s.episode or None,
                    "rule": s.rule,
                    "brand": s.brand,
                    "subject": s.subject or None,
                    "severity": self.severities.get(s.episode),
                    "fired_at": iso(s.fired_at, zone),
                    "too_little_since": iso(at, zone) if (at := self.unsure_since(s)) else None,
                    "answered": answer_json(said, zone) if (said := self.answered(s)) else None,
                }
                for s in self.firing
            ],
            "silences": [silence_json(one, self.now, zone) for one in self.silences],
            "events": [_event(event, zone) for event in self.events],
            "deliveries": [_delivery(delivery, zone) for delivery in self.deliveries],
            "undelivered": [_delivery(delivery, zone) for delivery in self.undelivered],
        }


def _event(event: AlertEvent, zone: ZoneInfo) -> dict[str, object]:
    return {
        "key": event.key,
        "rule": event.rule,
        "brand": event.brand,
        "kind": event.kind,
        "subject": event.subject or None,
        "severity": event.severity,
        **{name: iso(getattr(event, name), zone) for name in ("at", "since", "until")},
        **{name: event.numbers[name] for name in _NUMBERS},
        "post_ids": list(event.post_ids),
    }


def _delivery(delivery: Delivery, zone: ZoneInfo) -> dict[str, object]:
    times = {name: getattr(delivery, name) for name in _MOMENTS}
    return {
        **{name: getattr(delivery, name) for name in _DELIVERY},
        **{name: None if at is None else iso(at, zone) for name, at in times.items()},
    }


def alerts(store: Rows, now: int) -> Alerts:
    """Read what there is to show."""
    severities = {event.key: event.severity for event in alerting.firing_events(store)}
    firing = [state for state in alerting.states(store).values() if state.phase == "firing"]
    return Alerts(
        sorted(firing, key=lambda state: (_RANKS.get(severities.get(state.episode, ""), 1), state.fired_at)),
        alerting.events(store),
        deliveries.newest(store, 50),
        deliveries.newest(store, undelivered=True),
        acknowledgements.last(store, [state.episode for state in firing]),
        severities,
        silences.active(store, now),
        now,
    )


def lost(store: Rows, now: int) -> str | None:
    """Say how many messages were given up lately and what to do; None where there are none."""
    count = deliveries.given_up(store, now - LOST_FOR)
    told = reading.plural(count, "message")
    return f"{told} could not be delivered; see `listener alerts`" if count else None

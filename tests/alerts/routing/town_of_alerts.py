"""A store in which alerts fire and end at given times, and channels that take what is due."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from alerts.routing.routes import Routing
from alerts.routing.settling import lay_out, settle
from storage import alerting, deliveries, outbox
from storage.alerting import AlertEvent, AlertState, EventKind
from storage.desk import acknowledgements, silences
from storage.sqlite import SqliteStore


@dataclass
class Town:
    """`told`: (time, channel, keys of one message) in the order in which receivers took them."""

    store: SqliteStore
    routing: Routing
    told: list[tuple[int, str, tuple[str, ...]]] = field(default_factory=list)

    @classmethod
    def at(cls, folder: Path, routing: Routing) -> Town:
        return cls(SqliteStore(folder / "listener.db"), routing)

    def happen(
        self,
        kind: EventKind,
        rule: str,
        now: int,
        brand: str = "Acme",
        severity: str = "warning",
        *,
        momentary: bool = False,
    ) -> str:
        """Let an alert fire or end, as `judging.write` does; return the key of the event."""
        key = f"{rule}-{brand}-{kind}-{now}"
        before = alerting.states(self.store).get((rule, brand, ""))
        phase = "firing" if kind == "fired" and not momentary else "quiet"
        episode = key if kind == "fired" or before is None else before.episode
        after = AlertState(rule, brand, phase, now, now, now, now, episode=episode)  # type: ignore[arg-type]
        numbers = {"severity": severity, "value": 1.0, "kpi": "mentions", "unit": "mentions", "fired_at": now}
        event = AlertEvent(key, rule, brand, kind, now, now - 60, now, numbers, (), "", severity, episode)
        with self.store.writing() as db:
            assert alerting.step(db, before, after)
            alerting.add_event(db, event)
            lay_out(db, self.routing, event, episode, now)
            settle(db, self.routing, now)
        return key

    def fire(self, rule: str, now: int, brand: str = "Acme", severity: str = "warning") -> str:
        return self.happen("fired", rule, now, brand, severity)

    def resolve(self, rule: str, now: int, brand: str = "Acme", severity: str = "warning") -> str:
        return self.happen("resolved", rule, now, brand, severity)

    def silence(self, now: int, until: int, **matchers: str) -> int:
        with self.store.writing() as db:
            which = {name: [value] for name, value in matchers.items()}
            made = silences.add(db, which, until, by="ann", why="sale", now=now)
            settle(db, self.routing, now)
            return made.id

    def answer(self, key: str, now: int, until: int | None = None) -> None:
        with self.store.writing() as db:
            acknowledgements.add(db, key, by="ann", why=None, now=now, until=until)
            settle(db, self.routing, now)

    def go_on(self, now: int) -> list[tuple[str, ...]]:
        """A minute of the daemon: settle, then every channel takes what is due; the keys of each message."""
        with self.store.writing() as db:
            settle(db, self.routing, now)
        found = []
        for channel in sorted({one.channel for one in deliveries.newest(self.store, 10_000)}):
            while True:
                with self.store.writing() as db:
                    row = outbox.claim(db, channel, now)
                    if row is None:
                        break
                    outbox.delivered(db, row.id, now)
                keys = (row.key, *(one.key for one in row.rest))
                self.told.append((now, channel, keys))
                found.append(keys)
        return found

    def withheld(self) -> dict[str, str | None]:
        """Why each message that was never sent was not, by its key."""
        return {one.key: one.withheld for one in deliveries.newest(self.store, 10_000) if one.withheld}

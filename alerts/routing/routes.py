"""Routes: on which channels an alert is told, when at the earliest, and together with what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from alerts.routing.matching import Known, Labels, Matchers, matches
from alerts.routing.quiet import QuietHours, loud_from
from alerts.rules import Rule

QUIET = "quiet:"
"""How the name of a group begins whose messages waited for the end of quiet hours."""


@dataclass(frozen=True, slots=True)
class Route:
    """Where alerts that match go. Times in seconds, as Alertmanager names them.

    `group_wait`: how long the first alert of a group waits for others. `group_interval`: how long after a message of
    the group the next one is sent. `repeat`: how long after a message the alert is told again while it still fires,
    None never. `goes_on`: the routes below are asked too. `name` keeps its groups apart from those of other routes.
    """

    name: str = ""
    match: Matchers = field(default_factory=dict)
    channels: tuple[str, ...] = ()
    group_by: tuple[str, ...] = ()
    group_wait: int = 0
    group_interval: int = 0
    repeat: int | None = None
    quiet: tuple[QuietHours, ...] = ()
    goes_on: bool = False

    @property
    def groups(self) -> bool:
        """Whether what it tells is gathered."""
        return self.group_wait > 0 or self.group_interval > 0


@dataclass(frozen=True, slots=True)
class Inhibition:
    """While an alert fires that matches `when`, those that match `silences` are withheld.

    Only where both have the same labels `same`.
    """

    when: Matchers
    silences: Matchers
    same: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Routing:
    """All that is configured between an event and its messages.

    `last` is the route of what matches none. `own`: the channels that a rule names itself, by its name; they win over
    those of a route, and all else of the route holds.
    """

    routes: tuple[Route, ...] = ()
    last: Route = field(default_factory=lambda: Route(channels=("console",)))
    inhibitions: tuple[Inhibition, ...] = ()
    own: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    known: Known = field(default_factory=Known)


CONSOLE = Routing()
"""Everything at once on the console."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message on one channel: due at `at` in seconds since 1970 if it is alone, `together` with others of that name.

    `waits`: quiet hours hold it back. `together` is None where it is sent alone.
    """

    channel: str
    at: int
    together: str | None
    waits: bool
    route: Route


def deliveries(routing: Routing, labels: Labels, at: int) -> list[Delivery]:
    """On which channels an alert is told, each once: by the first route that names it."""
    found: dict[str, Delivery] = {}
    own = next((routing.own[rule] for rule in labels["rule"] if rule in routing.own), ())
    for route in chosen(routing, labels):
        for channel in own or route.channels:
            found.setdefault(channel, _delivery(route, channel, labels, at))
    return list(found.values())


def channels_of(routing: Routing, rule: Rule) -> list[str]:
    """Where a rule's alerts go."""
    numbers = {"source": rule.source, "tag": rule.tag, "severity": rule.severity}
    labels = routing.known.labels(rule.name, rule.brand, numbers)
    return [found.channel for found in deliveries(routing, labels, 0)]


def chosen(routing: Routing, labels: Labels) -> list[Route]:
    """The routes of an alert, in order: the first that matches, and those below while they say so."""
    found: list[Route] = []
    for route in routing.routes:
        if matches(route.match, labels):
            found.append(route)
            if not route.goes_on:
                break
    return found or [routing.last]


def _delivery(route: Route, channel: str, labels: Labels, at: int) -> Delivery:
    (severity,) = labels["severity"]
    due = loud_from(route.quiet, severity, at + route.group_wait)
    waits = due > at + route.group_wait
    if not waits and not route.groups:
        return Delivery(channel, at, None, waits, route)
    group = ",".join(f"{name}={'|'.join(sorted(labels[name]))}" for name in route.group_by)
    # What waits for the same morning is one message, whatever its route.
    return Delivery(channel, due, f"{QUIET}{due}:{group}" if waits else f"{route.name}:{group}", waits, route)


def due(delivery: Delivery, waiting: int | None, sent: int | None, severity: str) -> int:
    """When a message is due in its group: with those that wait, but not within the interval since the last was sent.

    `waiting`: when the group is due already, None where it is empty. `sent`: when the last message of it was sent.
    """
    if delivery.together is None or delivery.waits:
        return delivery.at
    if waiting is not None:
        return waiting
    if sent is None:
        return delivery.at
    return loud_from(delivery.route.quiet, severity, max(delivery.at, sent + delivery.route.group_interval))

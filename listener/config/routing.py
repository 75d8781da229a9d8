"""Reads what config.yaml says between rules and channels: every mistake is told with its place."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import BaseModel

from alerts.routing.matching import Known
from alerts.routing.options import InhibitOptions, MatchOptions, QuietOptions, RouteOptions
from alerts.routing.quiet import QuietHours
from alerts.routing.routes import Inhibition, Route, Routing
from alerts.rules import Rule
from listener.config.options import AlertsOptions
from listener.config.problems import Place, did_you_mean
from storage.mention import Brand

Options = TypeVar("Options", bound=BaseModel)
Check = Callable[[type[Options], Any, Place], Options | None]


@dataclass(frozen=True, slots=True)
class World:
    """What the rest of the file declares. `kinds`: of each source by its name."""

    rules: Sequence[Rule]
    named: Collection[str]
    brands: Sequence[Brand]
    kinds: Mapping[str, str]
    channels: Sequence[str]
    sound: Callable[[str], bool]


class RoutingReader:
    """Goes through quiet hours, routes and inhibition, and notes every mistake on the way."""

    def __init__(
        self,
        world: World,
        add: Callable[[Place, str], None],
        options: Check[Any],
        channels: Callable[[Any, Place], None],
    ) -> None:
        self._world, self._add, self._options, self._channels = world, add, options, channels
        self._values = self._known_values()

    def read(self, section: AlertsOptions) -> Routing:
        """The routing of a file that has no mistake in it."""
        quiet = self._quiet(section.quiet_hours, ("alerts", "quiet_hours"))
        routes = [
            route
            for index, raw in enumerate(section.routes)
            if (route := self._route(raw, ("alerts", "routes", index), quiet))
        ]
        every = tuple(self._world.channels)
        # Without routes it is the console, as ever; where that is not there, nothing may be lost.
        last = ("console",) if not section.routes and "console" in every else every
        return Routing(
            tuple(routes),
            Route("last", channels=last, quiet=quiet),
            tuple(self._inhibitions(section.inhibit)),
            {rule.name: rule.channels for rule in self._world.rules if rule.channels},
            Known({brand.name: brand.market for brand in self._world.brands}, self._world.kinds),
        )

    def _known_values(self) -> Mapping[str, Collection[str]]:
        """The values of labels that an alert may have; those of a section that has mistakes are not known."""
        world = self._world
        values: dict[str, Collection[str]] = {}
        if world.sound("brands"):
            values["brand"] = [brand.name for brand in world.brands]
            values["market"] = sorted({brand.market for brand in world.brands})
        if world.sound("sources"):
            values["source"] = list(dict.fromkeys([*world.kinds, *world.kinds.values()]))
        values["rule"] = world.named
        if world.sound("alerts.rules"):
            values["tag"] = sorted({rule.tag for rule in world.rules if rule.tag})
        return values

    def _match(self, raw: Any, path: Place) -> MatchOptions | None:
        found: MatchOptions | None = self._options(MatchOptions, {} if raw is None else raw, path)
        said = raw if isinstance(raw, Mapping) else {}
        for name, known in self._values.items():
            given: Any = said.get(name)
            several = isinstance(given, list)
            values: list[Any] = given if several else [given]
            for index, value in enumerate(values):
                if isinstance(value, str) and value not in known:
                    place: Place = (*path, name, index) if several else (*path, name)
                    what = "no rule is for the tag" if name == "tag" else f"there is no {name}"
                    self._add(place, f"{what} {value!r}{did_you_mean(value, known)}")
        return found

    def _quiet(self, raw: Any, path: Place) -> tuple[QuietHours, ...]:
        if raw is None:
            return ()
        several = isinstance(raw, list)
        places: list[Place] = [(*path, index) for index in range(len(raw))] if several else [path]
        found = [
            self._options(QuietOptions, one, place)
            for one, place in zip(raw if several else [raw], places, strict=True)
        ]
        return tuple(one.hours() for one in found if one is not None)

    def _route(self, raw: Any, path: Place, quiet: tuple[QuietHours, ...]) -> Route | None:
        options: RouteOptions | None = self._options(RouteOptions, raw, path)
        said = raw if isinstance(raw, Mapping) else {}
        self._channels(said.get("channels"), (*path, "channels"))
        match = self._match(said.get("match"), (*path, "match"))
        if "quiet_hours" in said:
            quiet = self._quiet(said["quiet_hours"], (*path, "quiet_hours"))
        if options is None or match is None:
            return None
        return Route(
            str(path[-1]),
            match.matchers(),
            tuple(options.channels or self._world.channels),
            tuple(options.group_by),
            options.group_wait,
            options.group_interval,
            options.repeat,
            quiet,
            options.continue_,
        )

    def _inhibitions(self, entries: Sequence[Any]) -> list[Inhibition]:
        found = []
        for index, raw in enumerate(entries):
            path: Place = ("alerts", "inhibit", index)
            options: InhibitOptions | None = self._options(InhibitOptions, raw, path)
            said = raw if isinstance(raw, Mapping) else {}
            sides = [
                self._side(said[name], (*path, name)) if name in said else None
                for name in ("when", "silences")
            ]
            if options is not None and sides[0] is not None and sides[1] is not None:
                found.append(options.inhibition(sides[0], sides[1]))
        return found

    def _side(self, raw: Any, path: Place) -> MatchOptions | None:
        match = self._match(raw, path)
        if match is not None and not match.matchers():
            self._add(path, "matches everything; say which alerts, as in {rule: crisis}")
        return match

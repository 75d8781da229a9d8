"""Reads config.yaml: each part's options validated by the part itself, all mistakes told at once with their places."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ValidationError
from ruamel.yaml.comments import CommentedMap

from alerts.channels import CHANNELS, takes_letters
from alerts.goals import Goal, GoalOptions
from alerts.language import LANGUAGES
from alerts.routing.routes import CONSOLE, Routing
from alerts.rules import Rule, RuleOptions
from listener import __version__
from listener.collectors import COLLECTORS, collectors_of
from listener.config.document import read_document
from listener.config.goals import Checks, read_goals
from listener.config.letters import LetterReader
from listener.config.options import (
    AlertsOptions,
    BrandOptions,
    Config,
    DashboardOptions,
    DigestOptions,
    Judge,
    StorageOptions,
    TagOptions,
    TopicOptions,
    language_named,
)
from listener.config.problems import (
    ConfigError,
    Place,
    Problem,
    did_you_mean,
    dotted,
    line_of,
    say,
)
from listener.config.renamed import RENAMED, Renamed, put_right
from listener.config.routing import RoutingReader, World
from listener.config.rules import RuleReader
from listener.config.secrets import Environment, is_secret, secrets_of
from listener.matching.tagging import TagRule
from sentiment.engines import ENGINES
from storage.mention import Brand

Options = TypeVar("Options", bound=BaseModel)


def load(
    file: Path,
    environment: Mapping[str, str] = os.environ,
    *,
    version: str = __version__,
    renames: Sequence[Renamed] = RENAMED,
) -> Config:
    """Read and check a configuration. Raises ConfigError with all its mistakes.

    `renames` are the keys that this `version` knows by another name.
    """
    text, raw = read_document(file)
    reader = _Reader(file, text, raw, environment)
    reader.rename(version, renames)
    return reader.read()


class _Reader:
    """Goes through the sections one after the other and collects every mistake on the way."""

    _SECTIONS = (
        "timezone",
        "language",
        "brands",
        "topics",
        "sources",
        "sentiment",
        "storage",
        "channels",
        "alerts",
        "digest",
        "dashboard",
        "tags",
        "goals",
    )

    def __init__(self, file: Path, text: str, raw: CommentedMap, environment: Mapping[str, str]) -> None:
        self._file, self._text, self._raw = file, text, raw
        self._problems: list[Problem] = []
        self._warnings: tuple[str, ...] = ()
        self._environment = Environment(environment, self._add)

    def rename(self, version: str, renames: Sequence[Renamed]) -> None:
        """Give what has an old name its name of today, before anything is looked at."""
        self._raw, self._warnings = put_right(self._raw, version, self._add, renames)

    def read(self) -> Config:
        tree: dict[str, Any] = self._environment.expand(self._raw)
        for key in tree:
            if key not in self._SECTIONS:
                self._add((key,), f"unknown key{did_you_mean(key, self._SECTIONS)}")
        zone = self._zone(tree.get("timezone", "UTC"))
        language = self._language(tree.get("language", LANGUAGES[0]))
        brands = self._brands(tree.get("brands"), tree.get("topics"))
        sources = self._parts(tree, "sources", COLLECTORS)
        known = self._source_names(sources)
        self._check_handles(brands, sources)
        self._check_brands_of(sources, brands)
        judge, fallback = self._judges(tree.get("sentiment", {"engine": "builtin"}))
        storage = self._options(StorageOptions, tree.get("storage", {}), ("storage",))
        channels = self._parts(tree, "channels", CHANNELS, default={"console": {}})
        rules, routing, alarm_rate = self._alerts(tree.get("alerts", {}), brands, known, channels)
        letters = self._letters(tree.get("digest"), brands)
        dashboard = self._options(DashboardOptions, tree.get("dashboard", {}), ("dashboard",))
        tags = self._tags(tree.get("tags"))
        goals = self._goals(tree.get("goals"), brands)
        if self._problems:
            raise ConfigError(self._file, self._problems)
        assert zone is not None
        assert storage is not None
        assert dashboard is not None
        return Config(
            self._file,
            self._text,
            zone,
            brands,
            sources,
            judge.engine,
            judge.options,
            storage,
            channels,
            rules,
            letters,
            dashboard,
            fallback,
            tags,
            goals,
            routing,
            language,
            alarm_rate,
            self._warnings,
        )

    def _add(self, path: Place, message: str) -> None:
        self._problems.append(Problem(dotted(path), message, line_of(self._raw, path)))

    def _sound(self, section: str) -> bool:
        """Whether a section has no mistake; names that it should hold are not missed while it has one."""
        return not any(problem.path.startswith(section) for problem in self._problems)

    def _options(self, model: type[Options], raw: Any, path: Place) -> Options | None:
        """Validate one mapping; its mistakes are collected and None is returned."""
        if not isinstance(raw, Mapping):
            # What stands there instead is not quoted: it may be a secret, as in slack: https://hooks.slack.com/...
            empty = "is empty; give it keys and values, or take it out"
            self._add(path, empty if raw is None else "needs keys with values, as in {key: value}")
            return None
        try:
            options = model.model_validate(raw)
        except ValidationError as error:
            problems = error.errors()
            # A list of which every entry is wrong is no empty one.
            refused = {problem["loc"][:-1] for problem in problems}
            for problem in problems:
                if problem["type"] == "too_short" and problem["loc"] in refused:
                    continue
                location = (*path, *problem["loc"])
                # A union names its branches in the path; the file knows only keys and positions.
                place = tuple(p for p in location if not isinstance(p, str) or "[" not in p)
                show = place not in self._environment.filled and not is_secret(model, problem["loc"][:1])
                if place not in self._environment.missing:
                    self._add(place, say(model, problem, show=show))
            return None
        for place in secrets_of(options):
            if (*path, *place) not in self._environment.filled:
                self._add(
                    (*path, *place), 'is a secret; write it as "${NAME}" and set NAME in the environment'
                )
        return options

    def _zone(self, raw: Any) -> ZoneInfo | None:
        try:
            return ZoneInfo(raw)
        except (KeyError, TypeError, ValueError, OSError):
            self._add(("timezone",), f"{raw!r} is no time zone; write one like Europe/Madrid or UTC")
            return None

    def _language(self, raw: Any) -> str:
        try:
            return language_named(raw)
        except ValueError as error:
            self._add(("language",), str(error))
            return LANGUAGES[0]

    def _brands(self, raw: Any, topics: Any) -> tuple[Brand, ...]:
        """The brands, and after them the topics, which are counted alike."""
        if not isinstance(raw, list) or not raw:
            self._add(("brands",), "at least one brand is needed, as in: - {name: Acme, own: true}")
            raw = []
        if not isinstance(topics, list | None):
            self._add(("topics",), "needs a list, as in: - {name: Kettles, query: 'kettle OR teapot'}")
            topics = []
        found: dict[str, Brand] = {}
        sections: tuple[tuple[str, type[TopicOptions], list[Any]], ...] = (
            ("brands", BrandOptions, raw),
            ("topics", TopicOptions, topics or []),
        )
        for section, model, entries in sections:
            for index, entry in enumerate(entries):
                path: Place = (section, index)
                options = self._options(model, entry, path)
                if options is None:
                    continue
                if options.name.casefold() in found:
                    self._add((*path, "name"), f"{options.name!r} stands twice")
                found[options.name.casefold()] = options.brand()
        return tuple(found.values())

    def _parts(
        self,
        tree: Mapping[str, Any],
        section: str,
        registry: Mapping[str, str],
        default: Mapping[str, Any] | None = None,
    ) -> dict[str, BaseModel]:
        raw = tree.get(section, default or {})
        if raw is None:
            raw = {}
        if not isinstance(raw, Mapping):
            self._add((section,), f"needs keys out of {', '.join(registry)}, each with its options")
            return {}
        found = {}
        for name, options in raw.items():
            if name not in registry:
                other = (
                    "; what others say comes by `listener import` or ingest" if section == "sources" else ""
                )
                self._add((section, name), f"there is no such key{did_you_mean(name, registry)}{other}")
                continue
            model: type[BaseModel] = import_module(registry[name]).Options
            checked = self._options(model, {} if options is None else options, (section, name))
            if checked is not None:
                found[name] = checked
        return found

    def _source_names(self, sources: Mapping[str, BaseModel]) -> Mapping[str, str]:
        """The kind of each source by its name. Building the collectors finds what no key shows: two of a name."""
        names: dict[str, str] = {}
        taken: set[str] = set()
        for kind, options in sources.items():
            try:
                built = collectors_of({kind: options}, None, None)
            except ValueError as error:
                self._add(("sources", kind), str(error))
                continue
            for collector in built:
                if collector.source.name in taken:
                    self._add(
                        ("sources", kind), f"the name {collector.source.name!r} is taken by another source"
                    )
                taken.add(collector.source.name)
                names[collector.source.name] = kind
        return names

    def _check_handles(self, brands: tuple[Brand, ...], sources: Mapping[str, BaseModel]) -> None:
        """Say which accounts could never be met on their network: they would be ignored without a word."""
        for kind in sources:
            mistake = getattr(import_module(COLLECTORS[kind]), "handle_mistake", lambda handle: None)
            for index, brand in enumerate(brands):
                if kind in brand.handles and (says := mistake(brand.handles[kind])):
                    self._add(("brands", index, "handles", kind), says)

    def _check_brands_of(self, sources: Mapping[str, BaseModel], brands: tuple[Brand, ...]) -> None:
        """Say which brands a source is to hear of that nobody listens for."""
        known = [brand.name for brand in brands]
        for kind, options in sources.items():
            key: str | None = getattr(options, "BRANDS_UNDER", None)
            if key is None or not self._sound("brands"):
                continue
            for name in getattr(options, key):
                if name not in known:
                    self._add(
                        ("sources", kind, key, name), f"there is no brand {name!r}{did_you_mean(name, known)}"
                    )

    def _judges(self, raw: Any) -> tuple[Judge, Judge | None]:
        """The engine, and the one that judges where it cannot be had."""
        if not isinstance(raw, Mapping):
            self._add(("sentiment",), "needs keys with values, as in {engine: builtin}")
            return Judge("builtin", {}), None
        first = self._judge({key: value for key, value in raw.items() if key != "fallback"}, ("sentiment",))
        if raw.get("fallback") is None:
            return first, None
        place = ("sentiment", "fallback")
        said = raw["fallback"]
        if isinstance(said, str):
            said = {"engine": said}
        elif not isinstance(said, Mapping) or "engine" not in said:
            self._add(place, "needs the name of an engine, or its options as in {engine: builtin}")
            return first, None
        fallback = self._judge(said, place)
        if fallback == first:
            self._add(place, "is the engine itself, which cannot stand in for itself")
        return first, fallback

    def _judge(self, raw: Mapping[str, Any], path: Place) -> Judge:
        name = raw.get("engine", "builtin")
        options = {key: value for key, value in raw.items() if key != "engine"}
        if name not in ENGINES:
            self._add((*path, "engine"), f"unknown engine {name!r}{did_you_mean(str(name), ENGINES)}")
        else:
            self._options(import_module(ENGINES[name]).Options, options, path)
        return Judge(str(name), options)

    def _alerts(
        self,
        raw: Any,
        brands: tuple[Brand, ...],
        kinds: Mapping[str, str],
        channels: Mapping[str, BaseModel],
    ) -> tuple[tuple[Rule, ...], Routing, float]:
        section = self._options(AlertsOptions, raw, ("alerts",))
        sources = list(dict.fromkeys([*kinds.values(), *kinds]))
        options, brand = partial(self._options, RuleOptions), partial(self._brands_of_rule, brands=brands)
        reader = RuleReader(self._add, options, self._check_channels, self._sound, brands, sources, brand)
        rules = reader.read(section.rules if section else ())
        if section is None:
            return rules, CONSOLE, 1.0
        named = [entry["name"] for entry in section.rules if isinstance(entry, Mapping) and "name" in entry]
        world = World(rules, named, brands, kinds, tuple(channels), self._sound)
        routing = RoutingReader(world, self._add, self._options, self._check_channels).read(section)
        return rules, routing, section.alarm_rate

    def _brands_of_rule(self, name: Any, path: Place, brands: tuple[Brand, ...]) -> list[Brand]:
        """The brand that a rule names, or all of ours."""
        named = [brand for brand in brands if (brand.name == name if name is not None else brand.own)]
        if not named and self._sound("brands"):
            wrong = f"there is no brand {name!r}" if name is not None else "no brand is marked own: true"
            self._add(path, f"{wrong}{did_you_mean(str(name), [brand.name for brand in brands])}")
        return named

    def _goals(self, raw: Any, brands: tuple[Brand, ...]) -> tuple[Goal, ...]:
        checks = Checks(
            add=self._add,
            options=partial(self._options, GoalOptions),
            brand=partial(self._brands_of_rule, brands=brands),
        )
        return read_goals(raw, checks)

    def _check_channels(self, names: Any, path: Place, *, letters: bool = False) -> None:
        declared = self._raw.get("channels") or {"console": {}}
        for index, name in enumerate(names if isinstance(names, list) else []):
            if name not in declared:
                message = f"there is no channel {name!r} under channels{did_you_mean(str(name), declared)}"
                self._add((*path, index), message)
            elif letters and name in CHANNELS and not takes_letters(name):
                self._add((*path, index), f"{name} takes alerts and no letters; name another channel")

    def _tags(self, raw: Any) -> tuple[TagRule, ...]:
        if not isinstance(raw, list | None):
            self._add(("tags",), "needs a list, as in: - {name: sales, query: 'price OR buy', route: sales}")
            return ()
        found: dict[str, TagRule] = {}
        for index, entry in enumerate(raw or []):
            options = self._options(TagOptions, entry, ("tags", index))
            if options is None:
                continue
            if options.name in found:
                self._add(("tags", index, "name"), f"{options.name!r} stands twice")
            found[options.name] = options.rule()
        return tuple(found.values())

    def _letters(self, raw: Any, brands: tuple[Brand, ...]) -> tuple[DigestOptions, ...]:
        options, channels = partial(self._options, DigestOptions), partial(self._check_channels, letters=True)
        return LetterReader(self._add, options, channels, self._sound, brands).read(raw)

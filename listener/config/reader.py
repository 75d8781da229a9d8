"""Reads config.yaml: each part's options validated by the part itself, all mistakes told at once with their places."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from pydantic import BaseModel, SecretStr, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from alerts.channels import CHANNELS
from alerts.rules import Rule, RuleOptions
from listener.collectors import COLLECTORS
from listener.config.options import (
    AlertsOptions,
    BrandOptions,
    Config,
    DashboardOptions,
    DigestOptions,
    StorageOptions,
)
from listener.config.problems import ConfigError, Place, Problem, did_you_mean, dotted, line_of, say
from sentiment.engines import ENGINES
from storage.mention import Brand

_SECRET = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
Options = TypeVar("Options", bound=BaseModel)


def load(file: Path, environment: Mapping[str, str] = os.environ) -> Config:
    """Read and check a configuration. Raises ConfigError with all its mistakes."""
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        remedy = "name another file with --config" if isinstance(error, OSError) else "save it as UTF-8"
        raise ConfigError(file, [Problem("", f"cannot be read ({error}); {remedy}")]) from None
    try:
        raw = YAML(typ="rt").load(text)
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else None
        raise ConfigError(file, [Problem("YAML", error.problem or "cannot be read", line)]) from None
    except YAMLError as error:
        raise ConfigError(file, [Problem("YAML", str(error))]) from None
    if not isinstance(raw, dict):
        raise ConfigError(file, [Problem("", "is no mapping; start from the shipped config.yaml")])
    return _Reader(file, text, raw, environment).read()


class _Reader:
    """Goes through the sections one after the other and collects every mistake on the way."""

    _SECTIONS = (
        "timezone",
        "brands",
        "sources",
        "sentiment",
        "storage",
        "channels",
        "alerts",
        "digest",
        "dashboard",
    )

    def __init__(self, file: Path, text: str, raw: Mapping[str, Any], environment: Mapping[str, str]) -> None:
        self._file, self._text, self._raw, self._environment = file, text, raw, environment
        self._problems: list[Problem] = []
        self._from_environment: set[Place] = set()

    def read(self) -> Config:
        tree: dict[str, Any] = self._expand(self._raw, ())
        for key in tree:
            if key not in self._SECTIONS:
                self._add((key,), f"unknown key{did_you_mean(key, self._SECTIONS)}")
        zone = self._zone(tree.get("timezone", "UTC"))
        brands = self._brands(tree.get("brands"))
        sources = self._parts(tree, "sources", COLLECTORS)
        self._check_sources(sources)
        engine, engine_options = self._engine(tree.get("sentiment", {"engine": "vader"}))
        storage = self._options(StorageOptions, tree.get("storage", {}), ("storage",))
        channels = self._parts(tree, "channels", CHANNELS, default={"console": {}})
        rules = self._rules(tree.get("alerts", {}), brands, channels)
        digest = self._digest(tree.get("digest"), channels)
        dashboard = self._options(DashboardOptions, tree.get("dashboard", {}), ("dashboard",))
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
            engine,
            engine_options,
            storage,
            channels,
            rules,
            digest,
            dashboard,
        )

    def _add(self, path: Place, message: str) -> None:
        self._problems.append(Problem(dotted(path), message, line_of(self._raw, path)))

    def _expand(self, node: Any, path: Place) -> Any:
        """Put in the environment's values for ${NAME}, and remember where that was."""
        if isinstance(node, Mapping):
            return {str(key): self._expand(value, (*path, str(key))) for key, value in node.items()}
        if isinstance(node, list):
            return [self._expand(value, (*path, index)) for index, value in enumerate(node)]
        if not isinstance(node, str) or not _SECRET.search(node):
            return node
        missing = sorted({n for n in _SECRET.findall(node) if not self._environment.get(n)})
        if missing:
            self._add(path, f"the environment has no {', '.join(missing)}; set it before starting")
        self._from_environment.add(path)
        return _SECRET.sub(lambda match: self._environment.get(match[1]) or "unset", node)

    def _options(self, model: type[Options], raw: Any, path: Place) -> Options | None:
        """Validate one mapping; its mistakes are collected and None is returned."""
        if not isinstance(raw, Mapping):
            self._add(path, f"expects keys and values, got {raw!r}" if raw is not None else "is empty")
            return None
        try:
            options = model.model_validate(raw)
        except ValidationError as error:
            for problem in error.errors():
                location = (*path, *problem["loc"])
                # A union names its branches in the path; the file knows only keys and positions.
                place = tuple(p for p in location if not isinstance(p, str) or "[" not in p)
                self._add(place, say(model, problem))
            return None
        for name, value in _secrets(options):
            if (*path, name) not in self._from_environment:
                del value
                self._add((*path, name), 'is a secret; write it as "${NAME}" and set NAME in the environment')
        return options

    def _zone(self, raw: Any) -> ZoneInfo | None:
        try:
            return ZoneInfo(raw)
        except (KeyError, TypeError, ValueError, OSError):
            self._add(("timezone",), f"{raw!r} is no time zone; write one like Europe/Madrid or UTC")
            return None

    def _brands(self, raw: Any) -> tuple[Brand, ...]:
        if not isinstance(raw, list) or not raw:
            self._add(("brands",), "at least one brand is needed, as in: - {name: Acme, own: true}")
            return ()
        found: dict[str, Brand] = {}
        for index, entry in enumerate(raw):
            options = self._options(BrandOptions, entry, ("brands", index))
            if options is None:
                continue
            if options.name.casefold() in found:
                self._add(("brands", index, "name"), f"{options.name!r} stands twice")
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
            self._add((section,), f"expects one of {', '.join(registry)}, each with its options")
            return {}
        found = {}
        for name, options in raw.items():
            if name not in registry:
                self._add((section, name), f"unknown{did_you_mean(name, registry)}")
                continue
            model: type[BaseModel] = import_module(registry[name]).Options
            checked = self._options(model, {} if options is None else options, (section, name))
            if checked is not None:
                found[name] = checked
        return found

    def _check_sources(self, sources: Mapping[str, BaseModel]) -> None:
        """Building the collectors finds what no single key shows, such as two feeds of one name."""
        for name, options in sources.items():
            try:
                import_module(COLLECTORS[name]).build(options, None)
            except ValueError as error:
                self._add(("sources", name), str(error))

    def _engine(self, raw: Any) -> tuple[str, Mapping[str, Any]]:
        if not isinstance(raw, Mapping):
            self._add(("sentiment",), "expects keys and values, as in {engine: vader}")
            return "vader", {}
        name = raw.get("engine", "vader")
        options = {key: value for key, value in raw.items() if key != "engine"}
        if name not in ENGINES:
            self._add(("sentiment", "engine"), f"unknown engine {name!r}{did_you_mean(str(name), ENGINES)}")
        else:
            self._options(import_module(ENGINES[name]).Options, options, ("sentiment",))
        return str(name), options

    def _rules(
        self, raw: Any, brands: tuple[Brand, ...], channels: Mapping[str, BaseModel]
    ) -> tuple[Rule, ...]:
        section = self._options(AlertsOptions, raw, ("alerts",))
        rules: list[Rule] = []
        for index, entry in enumerate(section.rules if section else ()):
            path: Place = ("alerts", "rules", index)
            options = self._options(RuleOptions, entry, path)
            if options is None:
                continue
            if options.name in {rule.name for rule in rules}:
                self._add((*path, "name"), f"{options.name!r} stands twice; each rule needs its own name")
            named = [b for b in brands if (b.name == options.brand if options.brand else b.own)]
            if not named:
                wrong = (
                    f"there is no brand {options.brand!r}"
                    if options.brand
                    else "no brand is marked own: true"
                )
                names = [brand.name for brand in brands]
                self._add((*path, "brand"), f"{wrong}{did_you_mean(options.brand or '', names)}")
            self._check_channels(options.channels, channels, (*path, "channels"))
            rules.extend(Rule.of(options, brand.name) for brand in named)
        return tuple(rules)

    def _check_channels(self, names: list[str], channels: Mapping[str, BaseModel], path: Place) -> None:
        declared = self._raw.get("channels") or {"console": {}}
        for index, name in enumerate(names):
            if name not in channels and name not in declared:
                self._add(
                    (*path, index),
                    f"there is no channel {name!r} under channels{did_you_mean(name, channels)}",
                )

    def _digest(self, raw: Any, channels: Mapping[str, BaseModel]) -> DigestOptions | None:
        if raw is None:
            return None
        digest = self._options(DigestOptions, raw, ("digest",))
        if digest:
            self._check_channels(digest.channels, channels, ("digest", "channels"))
        return digest


def _secrets(options: BaseModel) -> Iterator[tuple[str, SecretStr]]:
    for name, field in type(options).model_fields.items():
        value = getattr(options, name)
        if isinstance(value, SecretStr):
            yield field.alias or name, value

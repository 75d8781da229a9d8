"""A first config.yaml from the answers to five questions: how an answer is read, and the file that comes of them."""

from __future__ import annotations

import difflib
import json
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory

from alerts.language import LANGUAGES
from listener.collectors import COLLECTORS
from listener.config.adding import writable
from listener.config.options import EVERY
from listener.config.problems import ConfigError
from listener.config.reader import load
from listener.config.starting_text import FILE, SOURCES
from listener.matching.fields import value_of

NETWORKS = {"hn": "hackernews", "twitter": "x", "stackoverflow": "stackexchange", "dev.to": "devto"}
"""Names under which people know a source, beside its own."""
NEEDS_NO_KEY = ("lemmy", "lobsters", "devto", "github", "stackexchange")
"""Sources that are switched on where the brand has an account there: they need nothing else."""
CHANNELS = ("console", "slack", "email", "webhook")

Secrets = Mapping[str, tuple[str, str]]
SECRETS: Mapping[str, Secrets] = {
    "slack": {
        "SLACK_WEBHOOK_URL": ("https://hooks.slack.com/services/T0/B0/X", "the incoming webhook of a channel")
    },
    "email": {
        "SMTP_HOST": ("smtp.example.com", "your mail server"),
        "SMTP_USERNAME": ("some-login", "its login"),
        "SMTP_PASSWORD": ("some-password", "the password of that login"),
    },
    "webhook": {
        "WEBHOOK_URL": ("https://example.com/hook", "where each message is posted to"),
        "WEBHOOK_SECRET": ("whsec_c2VjcmV0IHNlY3JldCBzZWNyZXQ=", "what messages are signed with"),
    },
}
"""What each channel wants in the environment: a value that would do, to check the file with, and what it is."""

_PART = re.compile(r'\s*(?:"([^"]*)"\s*(?=[,،，、]|$)|([^,،，、]*))(?:[,،，、]|$)')
_MAIL = re.compile(r"[^@\s]+@[^@\s]+")


@dataclass(frozen=True, slots=True)
class Answers:
    """What was answered. `names_in`: the brand's names by the code of a language; `mail`: who gets mail."""

    brand: str
    aliases: tuple[str, ...] = ()
    competitors: tuple[str, ...] = ()
    handles: Mapping[str, str] = field(default_factory=dict)
    languages: tuple[str, ...] = ("en",)
    names_in: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    channels: tuple[str, ...] = ("console",)
    mail: tuple[str, ...] = ()
    zone: str = "UTC"

    @property
    def told_in(self) -> str:
        """The language of alerts and letters: the first of theirs that Listener can write."""
        return next((code for code in self.languages if code in LANGUAGES), LANGUAGES[0])

    @property
    def secrets(self) -> Secrets:
        """The variables that must be set before it can run."""
        return {name: what for channel in self.channels for name, what in SECRETS.get(channel, {}).items()}


def parts(text: str) -> list[str]:
    """Split an answer at its commas, of whatever script; what stands in quotation marks is one part."""
    found = [(quoted or plain).strip() for quoted, plain in _PART.findall(text)]
    return list(dict.fromkeys(part for part in found if part))


def names(text: str) -> tuple[str, ...]:
    """Read names of brands. Raises ValueError."""
    found = tuple(parts(text))
    for name in found:
        _check(name)
    return found


def handles(text: str) -> dict[str, str]:
    """Read accounts, as in `bluesky=acme.example, mastodon=acme@social.example`. Raises ValueError."""
    found: dict[str, str] = {}
    for part in parts(text):
        network, equals, handle = (one.strip() for one in part.partition("="))
        if not equals or not handle:
            raise ValueError(f"{part!r}: write the network and the account, as in bluesky=acme.example")
        kind = _network(network)
        if kind in found:
            raise ValueError(f"{kind} stands twice; a brand has one account on each network")
        _check(handle)
        mistake = getattr(import_module(COLLECTORS[kind]), "handle_mistake", lambda handle: None)
        if says := mistake(handle):
            raise ValueError(f"{part!r}: {says}")
        found[kind] = handle
    return found


def languages(text: str) -> tuple[tuple[str, ...], dict[str, tuple[str, ...]]]:
    """Read languages, each with the brand's name in it where that is another: `en, fa=آکمه`. Raises ValueError."""
    codes: list[str] = []
    named: dict[str, tuple[str, ...]] = {}
    for part in parts(text):
        given, equals, name = (one.strip() for one in part.partition("="))
        try:
            code = value_of("lang", given)
        except ValueError:
            raise ValueError(f"{given!r} is no code of a language; write it as in en, es or fa") from None
        codes.append(code)
        if equals and not name:
            raise ValueError(f"{part!r}: write the brand's name behind =, or leave = out")
        if name:
            _check(name)
            named[code] = (*named.get(code, ()), name)
    return tuple(dict.fromkeys(codes)), named


def channels(text: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Read where to tell, and who gets mail: `slack, email=ana@example.com`. Raises ValueError."""
    found: list[str] = []
    mail: list[str] = []
    for part in parts(text):
        name, _, address = (one.strip() for one in part.partition("="))
        if _MAIL.fullmatch(name):
            name, address = "email", name
        name = {"mail": "email", "e-mail": "email"}.get(name.casefold(), name.casefold())
        if name not in CHANNELS:
            raise ValueError(f"there is no channel {name!r}{_close(name, CHANNELS)}")
        if name == "email":
            if not _MAIL.fullmatch(address):
                raise ValueError("write who gets the mail, as in email=ana@example.com")
            _check(address)
            mail.append(address)
        elif address:
            raise ValueError(f"{name}: its address is a secret; leave it out, it comes from the environment")
        found.append(name)
    return tuple(dict.fromkeys(found)), tuple(mail)


def config_text(answers: Answers) -> str:
    """The file that these answers mean. That it has no mistake, only reading it can tell."""
    tell = _flow(answers.channels)
    return FILE.format(
        zone=answers.zone,
        language=answers.told_in,
        spoken=", ".join(answers.languages),
        brands="\n".join(_brands(answers)),
        sources="\n".join(_sources(answers)),
        channels="\n".join(_channels(answers)),
        brand=_flow(answers.brand),
        tell=tell,
        waiting="" if answers.handles else "# ",
    )


def mistakes(answers: Answers, environment: Mapping[str, str]) -> list[str]:
    """What `listener check` would say of the file that these answers make; for keys that are not set yet others do."""
    known = {name: environment.get(name) or value for name, (value, _) in answers.secrets.items()}
    with TemporaryDirectory() as folder:
        file = Path(folder) / "config.yaml"
        file.write_text(config_text(answers), encoding="utf-8", newline="")
        try:
            load(file, known)
        except ConfigError as error:
            return list(dict.fromkeys(problem.message for problem in error.problems))
    return []


def waiting_for_a_key(answers: Answers) -> tuple[str, ...]:
    """Networks on which the brand has an account, and which are not listened to before somebody mends their line."""
    on = {"bluesky", "hackernews", "mastodon", *NEEDS_NO_KEY}
    return tuple(kind for kind in answers.handles if kind not in on)


def _check(text: str) -> None:
    if not writable(text):
        shown = "".join(c if unicodedata.category(c)[0] != "C" else "\ufffd" for c in text)
        raise ValueError(
            f"{shown[:60]!r} holds what cannot stand in the file: a control character, or ${{...}}"
        )


def _network(name: str) -> str:
    kind = NETWORKS.get(name.casefold(), name.casefold())
    if kind not in COLLECTORS:
        raise ValueError(f"there is no source {name!r}{_close(kind, COLLECTORS)}")
    return kind


def _close(name: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(name, list(known), 1)
    return f"; did you mean {close[0]}?" if close else f"; there are {', '.join(known)}"


def _brands(answers: Answers) -> Iterator[str]:
    own = [f"name: {_flow(answers.brand)}", "own: true"]
    if answers.names_in:
        by_language = {**({EVERY: answers.aliases} if answers.aliases else {}), **answers.names_in}
        own.append(f"aliases: {_flow(by_language)}")
    elif answers.aliases:
        own.append(f"aliases: {_flow(answers.aliases)}")
    if answers.handles:
        own.append(f"handles: {_flow(answers.handles)}")
    yield f"  - {{{', '.join(own)}}}"
    yield from (f"  - {{name: {_flow(name)}}}" for name in answers.competitors)
    if not answers.competitors:
        yield '  # - {name: "A competitor"}        # without one there is no share of voice'


def _sources(answers: Answers) -> Iterator[str]:
    for kind, line in SOURCES.items():
        if kind == "mastodon" and (account := answers.handles.get(kind)):
            server = account.rpartition("@")[2]
            yield f"  mastodon: {{instances: [{_flow(server)}], hashtags: {_flow(_hashtags(answers))}}}"
        elif kind in answers.handles and kind in NEEDS_NO_KEY:
            yield f"  {kind}: {{}}"
        else:
            yield line


def _hashtags(answers: Answers) -> list[str]:
    """Names of the brand that can be a hashtag; a timeline of one is what a server shows to everybody."""
    joined = ("".join(name.split()).casefold() for name in (answers.brand, *answers.aliases))
    return list(dict.fromkeys(tag for tag in joined if tag.isalnum() and not tag.isdecimal()))


def _channels(answers: Answers) -> Iterator[str]:
    yield "  console: {}"
    on: dict[str, str] = {
        "slack": '{webhook: "${SLACK_WEBHOOK_URL}"}',
        "email": '{host: "${SMTP_HOST}", port: 587, username: "${SMTP_USERNAME}", password: "${SMTP_PASSWORD}", '
        f"from: {_flow((answers.mail or ('listener@example.com',))[0])}, "
        f"to: {_flow(answers.mail or ('team@example.com',))}}}",
        "webhook": '{url: "${WEBHOOK_URL}", secret: "${WEBHOOK_SECRET}"}',
    }
    for name, options in on.items():
        yield f"  {'' if name in answers.channels else '# '}{name}: {options}"


def _flow(value: str | Sequence[str] | Mapping[str, object]) -> str:
    """A value on one line. A quoted text is one YAML scalar whatever is in it: JSON strings are YAML."""
    return json.dumps(value, ensure_ascii=False)

"""What collectors of services with a JSON interface share: options that keep them polite, and one way to ask."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Annotated, Any, ClassVar
from urllib.parse import urlencode, urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, model_validator

from alerts.addresses import public_url
from listener.collectors.base import Ear, Permanent, Retriable
from storage.durations import Duration, format_duration

if TYPE_CHECKING:
    # Loading aiohttp takes longer than the whole of a command that only reads.
    from listener.http import PoliteClient

MOST_BYTES = 16_000_000


def address(url: str) -> str:
    """Check the address of a service; without a slash at its end. Raises ValueError."""
    parts = urlsplit(url.strip())
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("it needs an address that begins with http:// or https://")
    return url.strip().rstrip("/")


Address = Annotated[str, AfterValidator(address)]


def _token(token: SecretStr) -> SecretStr:
    said = token.get_secret_value().strip()
    if not said or not said.isascii() or not said.isprintable() or " " in said:
        # The token itself must not stand in the message.
        raise ValueError("it is empty, or no token: one word of plain characters")
    return SecretStr(said)


Token = Annotated[SecretStr, AfterValidator(_token)]
"""A key or token of a service. Written as ${NAME} in config.yaml."""


class PoliteOptions(BaseModel):
    """What every polled service has: `poll`, `history` (how far back the first poll reads), `allow_private`.

    `SHORTEST`: the least pause between two polls in seconds that does not burden the service. `BRANDS_UNDER`: the key
    that is a mapping by the names of brands, where there is one. `needs_words`: whether nothing is heard as long as the
    query of any brand has no word of its own.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)
    SHORTEST: ClassVar[int] = 60
    BRANDS_UNDER: ClassVar[str | None] = None

    poll: Duration = 900
    history: Duration = Field(default=7 * 86_400, ge=60, le=366 * 86_400)
    allow_private: bool = False

    @property
    def needs_words(self) -> bool:
        return False

    @model_validator(mode="after")
    def _is_polite(self) -> PoliteOptions:
        shortest = 1 if self.allow_private else self.SHORTEST
        if self.poll < shortest:
            raise ValueError(
                f"poll must be at least {format_duration(shortest)}, so as not to burden the server"
            )
        return self


class Asker:
    """Asks one service for JSON. `headers` may hold a token: no error shows them, nor a query string."""

    def __init__(
        self, client: PoliteClient, url: str, *, allow_private: bool, headers: Mapping[str, str] | None = None
    ) -> None:
        self._client = client
        self._url = url
        self._allow_private = allow_private
        self._headers = dict(headers or {})

    async def get(self, path: str, parameters: Mapping[str, str | int] | None = None) -> Any:
        """Return what the service answers at `path`. Raises Retriable (also for what is no JSON) and Permanent."""
        query = f"?{urlencode(parameters)}" if parameters else ""
        url = f"{self._url}{path}{query}"
        fetched = await self._client.get(
            url,
            headers=self._headers,
            allow_private=self._allow_private,
            accept="application/json",
            max_bytes=MOST_BYTES,
        )
        return self._read(fetched.body, path)

    async def post(self, path: str, body: bytes) -> tuple[Any, Mapping[str, str]]:
        """Send a JSON document; return what the service answers, and the headers of its answer. Raises as `get`."""
        fetched = await self._client.post(
            f"{self._url}{path}",
            body,
            headers=self._headers,
            allow_private=self._allow_private,
            max_bytes=MOST_BYTES,
        )
        return self._read(fetched.body, path), fetched.headers

    def _read(self, body: bytes, path: str) -> Any:
        try:
            return json.loads(body)
        except (ValueError, RecursionError) as error:
            if body.lstrip().startswith(b"<"):
                raise Retriable(
                    f"{public_url(self._url + path)} answered with a web page instead of data; check the address, and "
                    "whether a login or a consent is asked for there"
                ) from error
            raise self.strange(path) from error

    async def rows(self, path: str, parameters: Mapping[str, str | int] | None, key: str) -> list[Any]:
        """Return the list that stands under `key` of what the service answers. Raises Retriable where there is none."""
        answer = await self.get(path, parameters)
        found = answer.get(key) if isinstance(answer, dict) else None
        if not isinstance(found, list):
            raise self.strange(path)
        return found

    def strange(self, path: str) -> Retriable:
        """The failure for an answer that is not what this service answers."""
        return Retriable(f"{public_url(self._url + path)} answered something unexpected")


def searched(ear: Ear, most: int) -> list[str]:
    """The words and phrases to ask a search for, without quotation marks, at most `most`.

    Raises Permanent where some query has no words that its posts must hold, or there are too many: a search that is
    asked for a part of them would count as hearing everything.
    """
    words = [phrase for word in ear.searches if (phrase := " ".join(word.replace('"', " ").split()))]
    if not words:
        wordless = ", ".join(one.brand for one in ear.sought if not one.words) or "a brand"
        raise Permanent(
            f"the query of {wordless} is true without any word of its own (a field or a wildcard alone), and a search"
            " needs words; give every brand a query with words, or take this source out"
        )
    if len(words) > most:
        raise Permanent(f"the queries have {len(words)} words to search for, and at most {most} fit here")
    return words


def know_brands(ear: Ear, brands: Iterable[str], key: str) -> None:
    """Raise Permanent for a brand that nobody configured: what is heard of it would belong to nobody.

    `key` is where in the options of the source the brands are named.
    """
    known = {sought.brand for sought in ear.sought}
    if strange := sorted(set(brands) - known):
        raise Permanent(
            f"no brand is called {', '.join(strange)}; write each brand under `{key}` as under `brands`"
        )


def any_of(words: list[str], longest: int, *, either: str = " OR ", most: int = 1_000) -> list[str]:
    """Join words into as few searches as possible, phrases in quotation marks.

    Each search has at most `longest` characters, unless one word alone has more. `either` is how the service writes
    "or"; `most` how many words one search may have.
    """
    found: list[list[str]] = []
    for word in words:
        said = f'"{word}"' if " " in word or not word.replace("_", "").isalnum() else word
        last = found[-1] if found else None
        if last is not None and len(last) < most and len(either.join([*last, said])) <= longest:
            last.append(said)
        else:
            found.append([said])
    return [either.join(one) for one in found]

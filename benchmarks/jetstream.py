"""Messages in the shape of Jetstream, and brands to listen for: everything in them is invented here."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import msgspec

from storage.mention import Brand

# How often which message came, of 152 recorded in a row in July 2026, and how long the texts of their posts were.
KINDS = {
    "like": 105,
    "post": 17,
    "repost": 15,
    "follow": 6,
    "unfollow": 3,
    "status": 2,
    "block": 1,
    "delete": 1,
    "identity": 1,
    "account": 1,
}
LENGTHS = (0, 8, 23, 31, 42, 56, 75, 90, 146, 177, 185, 217, 219, 225, 260, 299, 299)
HITS = 0.01

# Ten languages with what stands between their words, and a few words of each that say nothing in particular.
WORDS = {
    "en": (" ", "today we went out and saw the big river near my house because it was warm, nobody else came!"),
    "es": (" ", "hoy salimos a ver el río cerca de casa porque hacía calor y mañana quizás volveré ¿vienes tú?"),
    "pt": (" ", "hoje saímos para ver o rio perto de casa porque fazia calor e amanhã não sei, então até já"),
    "de": (" ", "heute gingen wir hinaus und sahen den großen Fluss, weil es schön warm war; niemand kam früher"),
    "fr": (" ", "aujourd’hui nous sommes allés voir la rivière, il faisait très chaud et personne n’était là"),
    "tr": (" ", "bugün evimin yanındaki büyük ırmağı görmeye çıktık çünkü hava çok sıcaktı ve kimse gelmedi"),
    "ru": (" ", "сегодня мы вышли посмотреть на большую реку, потому что было очень тепло, ещё никто не пришёл"),
    "fa": (" ", "امروز بیرون رفتیم تا رودخانه بزرگ نزدیک خانه‌ام را ببینیم چون هوا خیلی گرم بود و کسی نیامد"),
    "ja": ("", "今日は 家の 近くの 川を 見に 行きました。 暖かくて、 ゆっくり コーヒーを 飲んだ"),
    "ko": (" ", "오늘은 집 근처의 큰 강을 보러 나갔다 날씨가 정말 따뜻해서 천천히 걸으며 커피를 마셨다"),
}  # fmt: skip
_EMOJI = ("", "", "", "", " 🎉", " ❤️", " 😂😂", "\n\n")
_SYLLABLES = (
    "bra", "cor", "del", "fen", "gal", "hex", "iva", "jun", "kel", "lum", "mor", "nex", "ori", "pav",
    "quo", "ral", "sol", "tam", "uvo", "vel", "wex", "yar", "zon", "dri", "plo", "stu", "gri", "kna",
)  # fmt: skip
_KEY = "234567abcdefghijklmnopqrstuvwxyz"
_NOW = 1_783_175_888


def brands(count: int) -> list[Brand]:
    """Brands whose queries are of ten kinds, no two the same."""
    rng = random.Random(7)
    names = dict.fromkeys(
        "".join(rng.choices(_SYLLABLES, k=rng.choice((2, 3, 3, 4)))) for _ in range(3 * count)
    )
    return [_brand(name, number) for number, name in zip(range(count), names, strict=False)]


def _brand(name: str, number: int) -> Brand:
    title = name.title()
    queries = (
        name,
        f"{name} OR #{name}",
        f'{name} OR "{name} labs" OR "the {name} app"',
        f'"{name} group"',
        f"{name} (kettle OR coffee OR teapot)",
        f"{name} NOT (street OR river OR {name}ville)",
        f"{name}*",
        f"`{title}` NOT `{title} Zoo`",
        f"{name} NEAR/5 (app OR support OR price*)",
        None,
    )
    query = queries[number % len(queries)]
    handles = {"bluesky": f"{name}.example"} if number % 3 == 0 else {}
    return Brand(title, query=query, handles=handles, aliases=() if query else (f"{title} Inc",))


def speaks_of(brand: Brand) -> str:
    """Return a few words of which the brand's query is true."""
    return f"{brand.name} kettle, {brand.name} group support"


class Messages:
    """Makes messages without end, the same ones for the same seed."""

    def __init__(
        self, heard_for: list[Brand], *, posts_only: bool = False, hits: float = HITS, seed: int = 5
    ) -> None:
        self._brands = heard_for
        self._rng = random.Random(seed)
        kinds = {"post": 1} if posts_only else KINDS
        self._kinds, self._weights = list(kinds), list(kinds.values())
        self._hits = hits * sum(kinds.values()) / kinds["post"]
        self._languages = [(code, apart, text.split()) for code, (apart, text) in WORDS.items()]
        self._count = 0

    def take(self, count: int) -> list[bytes]:
        """Return the next messages as they come over the wire."""
        return [
            msgspec.json.encode(self._message(kind))
            for kind in self._rng.choices(self._kinds, self._weights, k=count)
        ]

    def _key(self, length: int) -> str:
        return "".join(self._rng.choices(_KEY, k=length))

    def _did(self) -> str:
        return f"did:plc:{self._key(24)}"

    def _cid(self) -> str:
        return f"bafyrei{self._key(52)}"

    def _uri(self, kind: str) -> str:
        return f"at://{self._did()}/app.bsky.feed.{kind}/3m{self._key(11)}"

    def _reference(self, kind: str = "post") -> dict[str, str]:
        return {"cid": self._cid(), "uri": self._uri(kind)}

    def _message(self, kind: str) -> dict[str, Any]:
        self._count += 1
        did, time_us = self._did(), _NOW * 1_000_000 + 500 * self._count
        head = {"did": did, "time_us": time_us}
        if kind in ("identity", "account"):
            about = {"did": did, "seq": 31_527_015_470 + self._count, "time": _at(time_us)}
            return {**head, "kind": kind, kind: {"active": True, **about} if kind == "account" else about}
        if kind in ("unfollow", "delete"):
            collection = "app.bsky.graph.follow" if kind == "unfollow" else "app.bsky.feed.post"
            return {**head, "kind": "commit", "commit": self._commit("delete", collection)}
        collection, record = self._record(kind, _at(time_us))
        commit = self._commit("update" if kind == "status" else "create", collection)
        commit["rkey"] = "self" if kind == "status" else commit["rkey"]
        commit |= {"record": {"$type": collection, **record}, "cid": self._cid()}
        return {**head, "kind": "commit", "commit": commit}

    def _commit(self, operation: str, collection: str) -> dict[str, Any]:
        key = f"3m{self._key(11)}"
        return {"rev": f"3m{self._key(11)}", "operation": operation, "collection": collection, "rkey": key}

    def _record(self, kind: str, at: str) -> tuple[str, dict[str, Any]]:
        if kind == "post":
            return "app.bsky.feed.post", self._post(at)
        if kind in ("follow", "block"):
            return f"app.bsky.graph.{kind}", {"createdAt": at, "subject": self._did()}
        if kind == "status":
            playing = {
                "trackName": self._text(20)[1],
                "duration": None,
                "submissionClientAgent": "some-player/0.1",
            }
            return "fm.teal.alpha.actor.status", {"time": at, "expiry": at, "item": playing}
        record: dict[str, Any] = {"createdAt": at, "subject": self._reference()}
        if self._rng.random() < (0.15 if kind == "like" else 0.4):
            record["via"] = self._reference("repost")
        return f"app.bsky.feed.{kind}", record

    def _post(self, at: str) -> dict[str, Any]:
        language, text = self._text(self._rng.choice(LENGTHS))
        if self._rng.random() < self._hits:
            text = f"{text[: len(text) // 2]} {speaks_of(self._rng.choice(self._brands))} {text[len(text) // 2 :]}"
        record: dict[str, Any] = {"createdAt": at, "langs": [language], "text": text}
        chance = self._rng.random()
        if chance < 0.5:
            record["reply"] = {"parent": self._reference(), "root": self._reference()}
        elif chance < 0.8:
            link = f"https://www.example.com/{self._key(40)}"
            thumb = {
                "$type": "blob",
                "ref": {"$link": self._cid()},
                "mimeType": "image/jpeg",
                "size": 119_635,
            }
            card = {
                "title": self._text(60)[1],
                "description": self._text(90)[1],
                "uri": link,
                "thumb": thumb,
            }
            record["embed"] = {"$type": "app.bsky.embed.external", "external": card}
            feature = {"$type": "app.bsky.richtext.facet#link", "uri": link}
            record["facets"] = [{"features": [feature], "index": {"byteStart": 0, "byteEnd": 31}}]
        return record

    def _text(self, length: int) -> tuple[str, str]:
        language, apart, words = self._rng.choice(self._languages)
        return language, "".join(self._pieces(apart, words))[:length] + (
            self._rng.choice(_EMOJI) if length else ""
        )

    def _pieces(self, apart: str, words: list[str]) -> Iterator[str]:
        for word in self._rng.choices(words, k=300 // (4 + len(apart)) + 1):
            yield word
            yield apart


def _at(time_us: int) -> str:
    return f"2026-07-04T14:38:{time_us // 1_000_000 % 60:02}.{time_us // 1_000 % 1_000:03}Z"

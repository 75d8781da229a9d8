"""What is asked of GitHub, and what our stand-in answers, against the description that GitHub publishes."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from ears import TestEar
from github_stub import Hub
from published import asked_otherwise, mismatches, operation_of
from servers import FaultServer, Reply, Seen

from alerts.transport import Transport
from listener.collectors.github.collector import GitHub, Options, build
from listener.http import PoliteClient

NOW = 1_800_000_000
PUBLISHED = Path(__file__).parents[3] / "third_party" / "github-openapi" / "operations.json.gz"


@pytest.fixture(scope="module")
def operations() -> Any:
    return json.loads(gzip.decompress(PUBLISHED.read_bytes()))


async def test_requests_and_answers_are_as_published(server: FaultServer, operations: Any) -> None:
    hub, answered = Hub(), []
    hub.issue("acme/kettle", 12, NOW - 90, "Acme", "It leaks")
    hub.comment("acme/kettle", 12, 345, NOW - 60, "Mine too")

    def reply(seen: Seen) -> Reply:
        made = hub.reply(seen)
        answered.append((seen, made))
        return made

    server.script("*", reply)
    ear = TestEar(searches=("acme",), handles=("acme",))
    async with Transport() as transport:
        more: dict[str, Any] = {"repositories": ("acme/kettle",), "pulls": True, "url": server.url("")}
        (one,) = build(Options(**more, allow_private=True), PoliteClient(transport), ear)
        assert isinstance(one, GitHub)
        pages = [page async for page in one.pages(None, NOW)]
        await one.visit(["acme/kettle#12", "acme/kettle#12/c/345"], NOW)
    assert any(page.posts for page in pages) and len(answered) == 7
    seen_operations = set()
    for seen, made in answered:
        operation = operation_of(operations, seen.path)
        assert list(asked_otherwise(operation["parameters"], seen.query)) == []
        assert list(mismatches(operation["answer"], json.loads(made.body))) == [], seen.path
        seen_operations.add(json.dumps(operation, sort_keys=True))
    assert len(seen_operations) == len(operations)


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        (("items", 0, "number"), "12", "$.items[0].number is no integer"),
        (("items", 0, "user"), 5, "$.items[0].user is no object"),
        (("items", 0, "locked"), None, "$.items[0].locked is no boolean"),
        (("total_count",), True, "$.total_count is no integer"),
    ],
)
def test_what_is_otherwise_is_told(
    operations: Any, path: tuple[str | int, ...], value: object, said: str
) -> None:
    hub = Hub()
    hub.issue("acme/kettle", 12, NOW, "Acme")
    query = {"per_page": "100", "page": "1"}
    answer = json.loads(hub.reply(Seen("GET", "/search/issues", "", query, {}, b"", 0.0)).body)
    schema = operations["/search/issues"]["answer"]
    assert list(mismatches(schema, answer)) == []
    place = answer
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    assert said in list(mismatches(schema, answer))
    del answer["items"][0]["title"]
    assert "$.items[0] lacks title" in list(mismatches(schema, answer))
    parameters = operations["/search/issues"]["parameters"]
    assert list(asked_otherwise(parameters, {"what": "x"})) == ["there is no parameter what"]
    assert len(list(asked_otherwise(parameters, {"order": "newest", "page": "x"}))) == 2

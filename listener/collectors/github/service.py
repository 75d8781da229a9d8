"""Asks api.github.com: REST for issues and comments, GraphQL for discussions (https://docs.github.com/rest)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from alerts.addresses import public_url
from listener.collectors.asking import MOST_BYTES, Asker
from listener.collectors.base import Permanent, Retriable

if TYPE_CHECKING:
    # Loading aiohttp takes longer than the whole of a command that only reads.
    from listener.http import PoliteClient

WAIT = 900.0
"""Seconds to leave it alone where it was asked too often: its windows are a minute for searches, an hour otherwise."""
_NOT_FOUND = "NOT_FOUND"
_DISCUSSION = """id number title body url createdAt upvoteCount author { login } comments { totalCount }
    repository { nameWithOwner }"""
_SEARCH = (
    "query($q: String!, $after: String) { search(type: DISCUSSION, query: $q, first: 50, after: $after) {"
    " pageInfo { hasNextPage endCursor } nodes { ... on Discussion { " + _DISCUSSION + " } } } }"
)
_ONE = (
    "query($owner: String!, $name: String!, $number: Int!) { repository(owner: $owner, name: $name) {"
    " discussion(number: $number) { " + _DISCUSSION + " } } }"
)


class Service:
    """The interface at one address, with a token or without."""

    def __init__(self, client: PoliteClient, url: str, token: str | None, *, allow_private: bool) -> None:
        headers = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        self._client = client
        self._url = url
        self._headers = headers
        self._allow_private = allow_private
        self._asker = Asker(client, url, allow_private=allow_private, headers=headers)

    async def get(self, path: str, parameters: Mapping[str, str | int] | None = None) -> Any:
        """Return what REST answers. Raises Retriable, also where it was asked too often, and Permanent."""
        try:
            return await self._asker.get(path, parameters)
        except Permanent as failure:
            raise _refused(failure) from failure

    async def rows(self, path: str, parameters: Mapping[str, str | int]) -> list[Any]:
        """Return the list that REST answers. Raises as `get`."""
        found = await self.get(path, parameters)
        if not isinstance(found, list):
            raise self.strange(path)
        return found

    async def discussions(self, query: str, after: str | None) -> tuple[list[Any], str | None]:
        """Return discussions that a search finds, and what to ask with for more. Raises as `get`."""
        data, _ = await self._graphql(_SEARCH, {"q": query, "after": after})
        found = data.get("search")
        nodes = found.get("nodes") if isinstance(found, dict) else None
        paging = found.get("pageInfo") if isinstance(found, dict) else None
        if not isinstance(nodes, list) or not isinstance(paging, dict):
            raise self.strange("/graphql")
        end = paging.get("endCursor")
        return nodes, end if paging.get("hasNextPage") is True and isinstance(end, str) else None

    async def discussion(self, owner: str, name: str, number: int) -> Any:
        """Return one discussion, or None where GitHub says that there is none. Raises as `get`."""
        data, errors = await self._graphql(_ONE, {"owner": owner, "name": name, "number": number})
        repository = data.get("repository")
        found = repository.get("discussion") if isinstance(repository, dict) else None
        if found is None and _NOT_FOUND not in errors:
            raise self.strange("/graphql")
        return found

    async def _graphql(self, query: str, variables: Mapping[str, Any]) -> tuple[dict[str, Any], set[str]]:
        """The data of an answer, and the kinds of errors beside them: none, or that something is not there."""
        body = json.dumps({"query": query, "variables": dict(variables)}).encode()
        try:
            fetched = await self._client.post(
                f"{self._url}/graphql",
                body,
                headers=self._headers,
                allow_private=self._allow_private,
                max_bytes=MOST_BYTES,
            )
            answer = json.loads(fetched.body)
        except Permanent as failure:
            raise _refused(failure) from failure
        except (ValueError, RecursionError) as error:
            raise self.strange("/graphql") from error
        data = answer.get("data") if isinstance(answer, dict) else None
        kinds = _kinds_of_errors(answer)
        if "RATE_LIMITED" in kinds:
            raise Retriable("GitHub was asked too often", WAIT)
        if not isinstance(data, dict) or kinds - {_NOT_FOUND}:
            raise self.strange("/graphql")
        return data, kinds

    def strange(self, path: str) -> Retriable:
        """The failure for an answer that is not what this service answers."""
        return Retriable(f"{public_url(self._url + path)} answered something unexpected")


def _kinds_of_errors(answer: object) -> set[str]:
    """The types of the errors in an answer of GraphQL."""
    errors = answer.get("errors") if isinstance(answer, dict) else None
    if not isinstance(errors, list):
        return set()
    return {str(error.get("type")) if isinstance(error, dict) else "" for error in errors}


def _refused(failure: Permanent) -> Retriable | Permanent:
    """What a refusal means: who has asked too often is answered 403, as is who may not see something."""
    if failure.status == 403 and b"rate limit" in failure.answer.lower():
        return Retriable("GitHub was asked too often", WAIT)
    return failure

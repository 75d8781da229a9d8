"""The stub of a Mastodon server, with the inbox of whoever owns its token.

That its notifications are played rightly is checked from outside: Mastodon.py reads them, and the collector also reads
those of a real server (snac2) and recorded ones.
"""

from __future__ import annotations

from typing import Any

from mastodon_stub import Stub, iso

from listener.collectors.mastodon.statuses import Status


class OwnStub(Stub):
    """A server whose token belongs to `owner`; `notify` puts something into the inbox."""

    def __init__(self, *, owner: str = "acme", token: str = "t0p-secret") -> None:
        super().__init__(token=token)
        self.owner = owner
        self.inbox: list[dict[str, Any]] = []

    def notify(self, status: Status | None, at: int, kind: str = "mention") -> None:
        account = (status or {}).get("account", {})
        number = str(len(self.inbox) + 1)
        told = {"id": number, "type": kind, "created_at": iso(at), "account": account, "status": status}
        self.inbox.insert(0, told)

    def asked_for(self, part: str) -> int:
        return sum(part in path for path, _, _ in self.asked)

    def _body(self, path: str, query: dict[str, str], authorized: bool) -> tuple[Any, int]:
        if path.endswith("verify_credentials"):
            account = self.make("", 1_700_000_000, acct=self.owner)["account"]
            return (account, 200) if authorized else ({"error": "The access token is invalid"}, 401)
        if path.endswith("notifications"):
            return (self._notifications(query), 200) if authorized else ({"error": "no"}, 401)
        return super()._body(path, query, authorized)

    def _notifications(self, query: dict[str, str]) -> list[dict[str, Any]]:
        found = [one for one in self.inbox if query.get("types[]") in (None, one["type"])]
        if "max_id" in query:
            found = [one for one in found if int(one["id"]) < int(query["max_id"])]
        if "min_id" in query:
            newer = [one for one in found if int(one["id"]) > int(query["min_id"])]
            return newer[-int(query.get("limit", "40")) :]
        return found[: int(query.get("limit", "40"))]

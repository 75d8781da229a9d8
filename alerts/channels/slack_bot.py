"""Slack by a bot's token: one call of chat.postMessage, its errors in our terms, replies beneath a first message."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Mapping

from pydantic import SecretStr

from alerts.channels.base import Undelivered
from alerts.channels.posting import post
from alerts.transport import Answer, Transport, retry_after

_NAME = re.compile(r"[a-z_]{2,60}")
_PLACE = re.compile(r"([A-Z0-9]{2,40}) (\d{1,15}\.\d{1,9})")
# Errors that will not change by themselves, with what to do about those that a person meets. Names and meanings are
# those of Slack's reference of chat.postMessage; one that is not listed there is tried again.
_PERMANENT: Mapping[str, str] = {
    "channel_not_found": "is channels.slack.channel right? a private one must have the app as a member",
    "not_in_channel": "invite the app to the channel, or give it the scope chat:write.public",
    "is_archived": "the channel is archived",
    "missing_scope": "give the app the scope chat:write and install it again",
    "not_authed": "check channels.slack.token",
    "invalid_auth": "check channels.slack.token",
    "account_inactive": "check channels.slack.token",
    "token_revoked": "check channels.slack.token",
    "token_expired": "check channels.slack.token",
    "no_permission": "make the app a member of the channel",
    "restricted_action": "the workspace lets the app post nothing there",
    "restricted_action_read_only_channel": "the channel is read-only",
    "restricted_action_thread_only_channel": "the channel takes replies only",
    **dict.fromkeys(
        (
            "access_denied",
            "accesslimited",
            "as_user_not_supported",
            "ekm_access_denied",
            "invalid_arguments",
            "invalid_arg_name",
            "invalid_blocks",
            "invalid_blocks_format",
            "invalid_charset",
            "invalid_form_data",
            "invalid_json",
            "invalid_metadata_format",
            "invalid_metadata_schema",
            "invalid_post_type",
            "missing_post_type",
            "msg_blocks_too_long",
            "msg_too_long",
            "no_text",
            "not_allowed_token_type",
            "too_many_attachments",
        ),
        "",
    ),
}
# "It's possible some aspect of the operation succeeded before the error was raised."
_UNKNOWN = frozenset({"fatal_error", "internal_error"})
# The first message is gone, or the channel knows no threads: the rest is told beside it.
_NO_THREAD = frozenset(
    {
        "cannot_reply_to_message",
        "message_not_found",
        "thread_not_found",
        "restricted_action_non_threadable_channel",
    }
)


class Bot:
    """Posts to one conversation as the app that a token belongs to."""

    def __init__(
        self,
        token: SecretStr,
        channel: str,
        api: str,
        transport: Transport,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._token = token
        self._channel = channel
        self._url = f"{api.rstrip('/')}/chat.postMessage"
        self._transport = transport
        self._clock = clock

    async def post(self, message: Mapping[str, object], key: str, first: str | None) -> str | None:
        """Post a payload, beneath the message that an earlier call returned as `first`; return what Slack calls it.

        The key goes with it as metadata, which people do not see and programs may read.
        """
        known = {"event_type": "listener_message", "event_payload": {"key": key}}
        sent = {**message, "channel": self._channel, "metadata": known}
        if first and (place := _PLACE.fullmatch(first)):
            # Where the first one stands, wherever the configuration points to by now.
            sent |= {"channel": place[1]}
            answer = await self._call({**sent, "thread_ts": place[2]})
            if _error(answer) not in _NO_THREAD:
                return self._receipt(answer)
        return self._receipt(await self._call(sent))

    async def _call(self, sent: Mapping[str, object]) -> Answer:
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "Authorization": f"Bearer {self._token.get_secret_value()}",
        }
        body = json.dumps(sent, ensure_ascii=False).encode()
        return await post(self._transport, "Slack", self._url, headers, body, self._clock)

    def _receipt(self, answer: Answer) -> str | None:
        error = _error(answer)
        if error is None:
            found = _read(answer)
            place = f"{found.get('channel')} {found.get('ts')}"
            return place if _PLACE.fullmatch(place) else None
        remedy = _PERMANENT.get(error)
        raise Undelivered(
            f"Slack says {error}" + (f": {remedy}" if remedy else ""),
            permanent=error in _PERMANENT,
            unknown=error in _UNKNOWN,
            retry_after=retry_after(answer.headers, self._clock()),
        )


def _error(answer: Answer) -> str | None:
    """Slack's name for what went wrong; None where the message was taken."""
    found = _read(answer)
    if found.get("ok") is True:
        return None
    name = found.get("error")
    return name if isinstance(name, str) and _NAME.fullmatch(name) else "no reason"


def _read(answer: Answer) -> dict[str, object]:
    try:
        found = json.loads(answer.body)
    except ValueError:
        found = None
    if not isinstance(found, dict) or "ok" not in found:
        # Not Slack's words: a proxy or a portal in between. Nobody can tell whether Slack has it.
        raise Undelivered("Slack's address answered 200, but not as Slack does", unknown=True)
    return found

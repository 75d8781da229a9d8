"""The channels by name; each module keeps `Options` and `build(options, transport)`, imported on first use."""

from __future__ import annotations

from importlib import import_module

CHANNELS: dict[str, str] = {
    "console": "alerts.channels.console",
    "slack": "alerts.channels.slack",
    "email": "alerts.channels.email",
    "webhook": "alerts.channels.webhook",
    "alertmanager": "alerts.channels.alertmanager",
    "apprise": "alerts.channels.apprise",
}


def takes_letters(name: str) -> bool:
    """Whether a channel takes the weekly letter; those that do not say so with TAKES_LETTERS."""
    return bool(getattr(import_module(CHANNELS[name]), "TAKES_LETTERS", True))


def notice_of(name: str) -> str | None:
    """What whoever chose a channel should know of it, as its NOTICE says."""
    said: str | None = getattr(import_module(CHANNELS[name]), "NOTICE", None)
    return said

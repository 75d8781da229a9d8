"""The channels by name; each module keeps `Options` and `build(options, transport)`, imported on first use."""

CHANNELS: dict[str, str] = {
    "console": "alerts.channels.console",
    "slack": "alerts.channels.slack",
    "email": "alerts.channels.email",
    "webhook": "alerts.channels.webhook",
    "alertmanager": "alerts.channels.alertmanager",
    "apprise": "alerts.channels.apprise",
}

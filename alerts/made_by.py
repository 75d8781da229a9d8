"""Which program made what leaves the house: its name with its version, for letters, reports, mails and requests."""

VERSION = "0.1.0"
MADE_BY = f"Listener {VERSION}"

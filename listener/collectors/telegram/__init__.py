"""Telegram: the public previews of named channels."""

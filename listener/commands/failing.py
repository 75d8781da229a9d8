"""How a command fails: what it raises, and the exit code that goes with it."""

from __future__ import annotations


class WrongUsage(Exception):
    """Wrong configuration or usage: exit code 2."""


class Failure(Exception):
    """It did not work: exit code 1."""

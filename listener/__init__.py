"""HEAR, AND RUN THE DAY: the application."""

from alerts.made_by import VERSION

__version__ = VERSION

"""HEAR, AND RUN THE DAY: the application."""

__version__ = "0.1.0"

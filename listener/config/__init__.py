"""config.yaml: what it may say (options), what is wrong with it (problems), how it is read (reader).

And what differs between two of them (difference).
"""

from listener.config.options import Config, DashboardOptions, DigestOptions
from listener.config.problems import ConfigError
from listener.config.reader import load

__all__ = ["Config", "ConfigError", "DashboardOptions", "DigestOptions", "load"]

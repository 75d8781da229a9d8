"""config.yaml as a document: its text and its tree with the line of each key, or what is wrong with it as a file."""

from __future__ import annotations

import re
from pathlib import Path

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from listener.config.problems import ConfigError, Problem

_TWICE = re.compile(r"found duplicate key \"(.*?)\" with value", re.DOTALL)


def read_document(file: Path) -> tuple[str, CommentedMap]:
    """Return text and tree. Raises ConfigError where it is no file, no text, no YAML, or holds no keys."""
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(file, [Problem("", _unreadable(error))]) from None
    try:
        raw = YAML(typ="rt").load(text)
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else None
        raise ConfigError(file, [Problem("YAML", _yaml_mistake(error), line)]) from None
    except YAMLError as error:
        raise ConfigError(file, [Problem("YAML", str(error))]) from None
    except RecursionError:
        raise ConfigError(file, [Problem("YAML", "is nested too deep")]) from None
    if not isinstance(raw, CommentedMap):
        says = "is empty" if raw is None else "holds no keys such as brands: and sources:"
        raise ConfigError(file, [Problem("", f"{says}; start from the shipped config.yaml")])
    return text, raw


def _unreadable(error: OSError | UnicodeDecodeError) -> str:
    if isinstance(error, UnicodeDecodeError):
        return f"is no text in UTF-8 (byte {error.start}); save it as UTF-8"
    return f"cannot be read ({error.strerror}); name another file with --config"


def _yaml_mistake(error: MarkedYAMLError) -> str:
    """What is wrong with the YAML. A key that stands twice is named without its values: they may be secrets."""
    problem = error.problem or "cannot be read"
    if twice := _TWICE.match(problem):
        return f"the key {twice[1]} stands twice"
    return f"{problem}; indent with spaces, not with tabs" if "'\\t'" in problem else problem

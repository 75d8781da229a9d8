"""The languages in which alerts, letter and dashboard speak: phrases, numbers, times."""

from alerts.language.language import ENGLISH, LANGUAGES, N_, Language

__all__ = ["ENGLISH", "LANGUAGES", "N_", "Language"]

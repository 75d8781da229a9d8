"""One number, opened: what it was made of, by which queries, engines and corrections, and with which gaps."""

from storage.explain.explaining import explain
from storage.explain.explanation import Explanation

__all__ = ["Explanation", "explain"]

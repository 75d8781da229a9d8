"""One number, opened: what it was made of, by which queries, engines and corrections, and with which gaps."""

from storage.explain.bundle import Written, write
from storage.explain.explaining import explain
from storage.explain.explanation import Explanation
from storage.explain.verifying import NoEvidence, Verified, verify

__all__ = ["Explanation", "NoEvidence", "Verified", "Written", "explain", "verify", "write"]

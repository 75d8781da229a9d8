"""The table of what owning costs: the peers' figures are those that were measured, and a gap says that it is one."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from benchmarks.owning import PEERS, Cost, installed, table

MEASURED = Path(__file__).parents[3] / "shared" / "PEERS.md"


def test_a_row_says_what_is_not_known() -> None:
    _, _, own, *peers = table(Cost("Listener", 161.2, 0.94, 90.4, 1.23))
    assert own == "| Listener | 161 MB | 0.9 s | 90 MB | 1.2 s | - |  |"
    assert len(peers) == len(PEERS)
    assert peers[2].startswith("| obsei 0.0.15 | 5,900 MB | - | - | - | 850 MB |")


def test_what_every_environment_has_is_not_counted(tmp_path: Path) -> None:
    for name, size in (
        ("ours/a.py", 10),
        ("ours/deep/b.bin", 5),
        ("pip/c.py", 100),
        ("setuptools-1.dist-info/d", 100),
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"x" * size)
    assert installed(tmp_path) == 15


@pytest.mark.data
@pytest.mark.skipif(not MEASURED.exists(), reason="the comparison with the peers is not here")
def test_the_peers_figures_are_the_measured_ones() -> None:
    lines = MEASURED.read_text(encoding="utf-8").splitlines()
    for peer in PEERS:
        name, version = peer.program.rsplit(" ", 1)
        said = "\n".join(line for line in lines if line.startswith("|") and name in line)
        assert version in said
        for figure in (peer.installed, peer.peak):
            if figure is not None:
                written = f"{figure / 1000:g} GB" if figure >= 1000 else f"{figure:g} MB"
                assert re.search(rf"\b{re.escape(written)}", said), (peer.program, written)

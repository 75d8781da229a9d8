"""packaging/docker/Dockerfile as its steps, and a rehearsal of them where no Docker daemon runs.

The build stage is done in a folder instead of `/`: each COPY copies, each RUN runs, with /opt/listener and /src there.
The last stage is played by Linux itself: a mount namespace in which `/` cannot be written to, the image's user, and no
capabilities.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
FILE = ROOT / "packaging" / "docker" / "Dockerfile"
PROGRAM, SOURCES = "/opt/listener", "/src"
USER = 10001

# Arguments: a folder to build the root in, the program, the folder to write to, where Python itself lies, and the
# command. `exec` all along: a signal to the first process reaches the last one.
_STAGE = """
set -e
root=$1 program=$2 data=$3 python=$4; shift 4
mount --rbind / "$root"
mount -o remount,bind,ro "$root"
mount -t tmpfs -o size=64m tmpfs "$root/tmp"
if [ -d "$root/root" ]; then mount -t tmpfs -o mode=755 tmpfs "$root/root"; fi
for folder in "$program" "$python"; do
    mkdir -p "$root$folder"; mount --bind "$folder" "$root$folder"; mount -o remount,bind,ro "$root$folder"
done
mkdir -p "$root$data"; mount --bind "$data" "$root$data"
cd "$root$data"
exec chroot "$root" setpriv --reuid USER --regid USER --clear-groups --no-new-privs --bounding-set=-all \\
    env -i --chdir="$data" HOME="$data" PYTHONDONTWRITEBYTECODE=1 PATH="$program/bin:/usr/bin:/bin" "$@"
""".replace("USER", str(USER))


@dataclass(frozen=True)
class Step:
    """One instruction: its word and the rest, continued lines joined."""

    word: str
    rest: str


def steps() -> list[Step]:
    text = re.sub(r"^#.*\n", "", FILE.read_text(encoding="utf-8"), flags=re.MULTILINE).replace("\\\n", " ")
    return [Step(*line.split(maxsplit=1)) for line in text.splitlines() if line.strip()]


def stages() -> list[list[Step]]:
    """The instructions of each stage, without FROM."""
    found: list[list[Step]] = []
    for step in steps():
        if step.word == "FROM":
            found.append([])
        else:
            found[-1].append(step)
    return found


def command(word: str) -> list[str]:
    """The words of the last ENTRYPOINT, CMD or HEALTHCHECK in the exec form."""
    rest = [step.rest for step in stages()[-1] if step.word == word][-1]
    words: list[str] = json.loads(rest[rest.index("[") :])
    return words


@dataclass(frozen=True)
class Image:
    """What the build stage has made: the virtual environment `program`."""

    program: Path

    @classmethod
    def build(cls, folder: Path) -> Image:
        """Do the build stage in a folder; needs the package registry."""
        program, sources = folder / "listener", folder / "src"
        sources.mkdir(parents=True)
        for step in stages()[0]:
            if step.word == "COPY":
                *names, target = step.rest.split()
                for name in names:
                    _copy(ROOT / name, sources / target)
            elif step.word == "RUN":
                here = step.rest.replace(PROGRAM, str(program)).replace(SOURCES, str(sources))
                here = re.sub(r"^python ", f"{sys.executable} ", here)
                subprocess.run(["/bin/sh", "-ec", here], cwd=sources, check=True)
        return cls(program)

    @property
    def packages(self) -> Path:
        (found,) = self.program.glob("lib/python*/site-packages")
        return found

    def inside(self, root: Path, data: Path, *words: str) -> list[str]:
        """The command line that runs `words` as the container would, with only loopback for a network."""
        base = str(Path(sys.base_prefix).resolve())
        stage = ["sh", "-c", _STAGE, "stage", str(root), str(self.program), str(data), base]
        return [str(ROOT / ".ci" / "offline"), "unshare", "--mount", *stage, *words]


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns(*ignored()))
    else:
        shutil.copy(source, target)


def ignored() -> Iterator[str]:
    """What Dockerfile.dockerignore leaves out of the folders that it lets in, by last name."""
    for line in FILE.with_name("Dockerfile.dockerignore").read_text(encoding="utf-8").splitlines():
        if (line and line[0] not in "#!*") or line.startswith("**"):
            yield line.rsplit("/", 1)[-1]

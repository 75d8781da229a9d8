"""PostgreSQL and Redis on loopback, for as long as a test wants them: the Bluesky AppView keeps its index there."""

from __future__ import annotations

import asyncio
import os
import pwd
import shutil
import signal
import socket
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest

_FOUND = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
POSTGRES = _FOUND[-1].parent if _FOUND else None
REDIS = shutil.which("redis-server")


def stores_installed() -> pytest.MarkDecorator:
    """Skip where the system has not both."""
    there = POSTGRES is not None and REDIS is not None
    return pytest.mark.skipif(not there, reason="PostgreSQL and Redis are not installed: run .ci/system")


@asynccontextmanager
async def stores() -> AsyncIterator[dict[str, str]]:
    """Start both, and say in the environment's words where they are."""
    assert POSTGRES is not None and REDIS is not None
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="stores-")))
        # PostgreSQL refuses to work for root.
        user = "nobody" if os.geteuid() == 0 else None
        if user is not None:
            os.chown(folder, pwd.getpwnam(user).pw_uid, -1)
        data = folder / "data"
        made = await _start(
            user, POSTGRES / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "--no-sync"
        )
        assert await made.wait() == 0
        sql, redis = _free_port(), _free_port()
        served = ("-h", "127.0.0.1", "-p", str(sql), "-k", folder, "-F")
        await stack.enter_async_context(_running(user, sql, POSTGRES / "postgres", "-D", data, *served))
        quiet = ("--bind", "127.0.0.1", "--save", "", "--dir", folder)
        await stack.enter_async_context(_running(user, redis, Path(REDIS), "--port", str(redis), *quiet))
        yield {
            "DB_POSTGRES_URL": f"postgresql://postgres@127.0.0.1:{sql}/postgres",
            "REDIS_HOST": f"127.0.0.1:{redis}",
        }


async def _start(user: str | None, program: Path, *arguments: str | Path) -> asyncio.subprocess.Process:
    nowhere = asyncio.subprocess.DEVNULL
    return await asyncio.create_subprocess_exec(
        program, *arguments, stdout=nowhere, stderr=nowhere, user=user, cwd="/"
    )


@asynccontextmanager
async def _running(user: str | None, port: int, program: Path, *arguments: str | Path) -> AsyncIterator[None]:
    process = await _start(user, program, *arguments)
    try:
        async with asyncio.timeout(20):
            while not await _answers(port):
                assert process.returncode is None, f"{program.name} ended"
                await asyncio.sleep(0.05)
        yield
    finally:
        # For PostgreSQL the way that does not wait for its clients, but for its own helpers.
        process.send_signal(signal.SIGINT)
        await process.wait()


async def _answers(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    await writer.wait_closed()
    return True


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port

"""`python -m listener.demo`: starts the invented world, then the real daemon on a configuration that points to it."""

from __future__ import annotations

import argparse
import asyncio
import signal
import socket
import sys
import time
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path

from aiohttp import web
from ruamel.yaml import YAML

from listener.demo.server import application
from listener.demo.world import World

WORLD_PORT, DASHBOARD_PORT = 8766, 8765

HANDED_ON = {
    signal.SIGINT: signal.SIGINT,
    signal.SIGTERM: signal.SIGTERM,
    signal.SIGHUP: signal.SIGTERM,  # the terminal was closed
}

WELCOME = """\
demo: four invented brands, five languages, {posts:,} posts since {since:%A, %d %B}, and new ones each second
demo: configuration and store are fresh, in {folder}
demo: pages and API   http://127.0.0.1:{dashboard}
demo: the world       http://127.0.0.1:{port}/feeds/kitchen-post
demo: in another terminal:  {listener} kpi --config {config}
demo: half a minute from now Morvane recalls a kettle, and an alert follows; the letter about last week comes by itself
demo: Ctrl-C ends it; nothing leaves this machine"""


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m listener.demo", description=__doc__)
    parser.add_argument("--port", type=int, default=WORLD_PORT, help="where the invented world is served")
    parser.add_argument(
        "--dashboard-port", type=int, default=DASHBOARD_PORT, help="where the daemon shows itself"
    )
    parser.add_argument(
        "--folder", type=Path, default=Path("data"), help="where a new folder for this demo is made"
    )
    return parser.parse_args()


def write_config(folder: Path, port: int, dashboard_port: int) -> Path:
    """Copy the demo's config.yaml into `folder` with these ports; comments stay.

    The store, named without a folder, lies beside its configuration: fresh for each demo.
    """
    yaml = YAML()
    yaml.width = 4096
    config = yaml.load(resources.files("listener.demo").joinpath("config.yaml").read_text(encoding="utf-8"))
    config["dashboard"]["port"] = dashboard_port
    sources = config["sources"]
    sources["hackernews"]["url"] = _moved(sources["hackernews"]["url"], port)
    for feed in sources["feeds"]["urls"]:
        feed["url"] = _moved(feed["url"], port)
    path = folder / "config.yaml"
    with path.open("w", encoding="utf-8") as file:
        yaml.dump(config, file)
    return path


def _moved(url: str, port: int) -> str:
    return url.replace(f"127.0.0.1:{WORLD_PORT}", f"127.0.0.1:{port}")


async def serve(world: World, port: int) -> tuple[web.AppRunner, int]:
    """Serve the world on 127.0.0.1 and return the runner with the port it got. Raises OSError if it is taken."""
    runner = web.AppRunner(application(world, time.time), access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", port)
    try:
        await site.start()
    except OSError:
        await runner.cleanup()
        raise
    return runner, runner.addresses[0][1]


async def run_daemon(command: list[str]) -> int:
    """Run the daemon until it ends, hand our signals on to it, and return its exit code."""
    daemon: asyncio.subprocess.Process | None = None
    early: list[signal.Signals] = []

    def hand_on(number: signal.Signals) -> None:
        if daemon is None:
            early.append(number)
        elif daemon.returncode is None:
            daemon.send_signal(number)

    # Before the daemon starts: a signal in that moment would else end us and leave the daemon alone.
    loop = asyncio.get_running_loop()
    for incoming, outgoing in HANDED_ON.items():
        loop.add_signal_handler(incoming, hand_on, outgoing)
    # A process group of its own: a Ctrl-C in the terminal would else reach it twice, and the second one kills.
    daemon = await asyncio.create_subprocess_exec(*command, process_group=0)
    for number in early:
        hand_on(number)
    return await daemon.wait()


def cannot_have(port: int) -> int:
    """Say that a port is taken, and how to choose others."""
    print(
        f"demo: port {port} on 127.0.0.1 cannot be had; is another demo or daemon running? Choose others with: "
        f"{sys.executable} -m listener.demo --port 8800 --dashboard-port 8801",
        file=sys.stderr,
    )
    return 1


async def main(options: argparse.Namespace) -> int:
    start = int(time.time())
    world = World(start)
    try:
        # The daemon would only ask for this port later, and then speak of a configuration that nobody wrote.
        socket.create_server(("127.0.0.1", options.dashboard_port)).close()
    except OSError:
        return cannot_have(options.dashboard_port)
    try:
        runner, port = await serve(world, options.port)
    except OSError:
        return cannot_have(options.port)
    try:
        folder = options.folder / f"demo-{datetime.fromtimestamp(start, UTC):%Y%m%d-%H%M%S}"
        folder.mkdir(parents=True)
        config = write_config(folder, port, options.dashboard_port)
        listener = Path(sys.executable).with_name("listener")
        print(
            WELCOME.format(
                posts=len(world.seen(start)),
                since=datetime.fromtimestamp(world.since, UTC),
                folder=folder,
                dashboard=options.dashboard_port,
                port=port,
                listener=listener,
                config=config,
            ),
            flush=True,
        )
        return await run_daemon([str(listener), "run", "--config", str(config)])
    finally:
        await runner.cleanup()


if __name__ == "__main__":
    sys.exit(asyncio.run(main(arguments())))

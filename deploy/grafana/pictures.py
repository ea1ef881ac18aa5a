"""Pictures of the dashboards' data: a Prometheus that watches services at work into docs/*.png.

`python -m deploy.grafana.pictures` starts a service with its own engine, one through Triton, and a
Prometheus; people and a job keep them busy for a while; then every panel's expressions are asked
over that time and drawn. DCGM's numbers come from a sample, since there is no GPU: see `asking`.
"""

import argparse
import io
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from math import isfinite
from pathlib import Path
from threading import Event, Thread
from typing import Any

import httpx2
import matplotlib as mpl
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.ticker import EngFormatter, FuncFormatter, PercentFormatter, ScalarFormatter
from PIL import Image

from deploy.grafana.asking import SAMPLE, Prometheus, exposed, prometheus_on, substituted
from deploy.grafana.boards import BOARDS
from deploy.grafana.panels import Board, Panel
from deploy.ports import free_ports
from rialto.commands.triton_server import Ports, TritonServer
from rialto.commands.triton_wheel import Wheel

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "market-q10.jpg"
SIDE = 128  # pixels of the pieces that people send: this machine has few cores
COLOURS = 128
WINDOW_S = 30
WINDOW = f"{WINDOW_S}s"
READY_S = 120
ACROSS = 3
MANY_LINES = 10  # as many colours as the usual cycle has
FORMATS = {
    "s": EngFormatter("s"),
    "watt": EngFormatter("W"),
    "joule": EngFormatter("J"),
    "percentunit": PercentFormatter(1, decimals=0),
    "mbytes": FuncFormatter(lambda mebibytes, _: f"{mebibytes:.0f} MiB"),
}
STYLE = {
    "font.size": 8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.alpha": 0.3,
    "axes.titlesize": 9,
    "axes.titlelocation": "left",
    "legend.frameon": False,
    "legend.fontsize": 6.5,
    "lines.linewidth": 1.3,
}


@contextmanager
def service_on(folder: Path, **settings: str) -> Iterator[str]:
    """`rialto serve` on a free port; yields its `host:port` when a photo would be restored."""
    port = str(*free_ports(1))
    # No batch is measured at start: several services share this machine.
    named = {"port": port, "data": str(folder), "max_batch": "4", **settings}
    environment = os.environ | {f"RIALTO_{name.upper()}": value for name, value in named.items()}
    command = [sys.executable, "-m", "rialto.cli", "serve"]
    log = (folder / "log").open("w")
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stderr=log, stdout=log)
    try:
        limit = time.monotonic() + READY_S
        while time.monotonic() < limit:
            with suppress(httpx2.TransportError):
                if httpx2.get(f"http://127.0.0.1:{port}/readyz").status_code == 200:
                    break
            time.sleep(0.1)  # its log goes to a file: its readiness must be asked for
        else:
            raise TimeoutError((folder / "log").read_text())
        yield f"127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(60)
        log.close()


def visit(host: str, number: int, ended: Event) -> None:
    """One person: photo after photo, a pause between; now and then a file that is none."""
    asked = ("jpeg&preset=fast", "sr4x&preset=fast", "jpeg&preset=balanced")
    photos = pieces()
    with httpx2.Client(base_url=f"http://{host}", timeout=120) as client:
        turn = number
        while not ended.wait(1.5 + number % 3):
            content = b"no photo" if turn % 9 == 8 else photos[turn % len(photos)]
            with suppress(httpx2.TransportError):
                client.post(f"/restore?task={asked[turn % len(asked)]}", content=content)
            turn += 1


def pieces() -> list[bytes]:
    """JPEGs cut from the example, the photos that are sent."""
    made = []
    with Image.open(EXAMPLE) as photo:
        for left in range(0, photo.width - SIDE, SIDE):
            file = io.BytesIO()
            photo.crop((left, 0, left + SIDE, SIDE)).save(file, "JPEG", quality=10)
            made.append(file.getvalue())
    return made


def fill(host: str, photos: int) -> None:
    """A job of so many photos, one of them broken; and a small one that is cancelled."""
    content = pieces()[0]
    with httpx2.Client(base_url=f"http://{host}", timeout=120) as client:
        for priority, count in (("normal", photos), ("low", 6)):
            spec = {"outputs": [{"task": "jpeg"}], "priority": priority}
            job = client.post("/jobs", json=spec).raise_for_status().json()["id"]
            for number in range(count):
                sent = content if number != 3 else b"broken"
                client.put(f"/jobs/{job}/photos/{number}.jpg", content=sent).raise_for_status()
            client.post(f"/jobs/{job}/close").raise_for_status()
        client.post(f"/jobs/{job}/cancel").raise_for_status()


@contextmanager
def watched(folder: Path) -> Iterator[tuple[Prometheus, list[str]]]:
    """Two services, a Triton, a sample of DCGM's, and a Prometheus that scrapes them all."""
    with ExitStack() as stack:
        ports = Ports(*free_ports(3))
        triton = stack.enter_context(TritonServer(ROOT / "model_repo", Wheel.find(), ports, 1))
        triton.start(stack.enter_context((folder / "triton.log").open("wb")))
        triton.wait_ready()
        through = {"engine": "triton", "triton_url": f"127.0.0.1:{ports.grpc}"}
        hosts = []
        for name, settings in (("own", {}), ("through", through)):
            (folder / name).mkdir()
            hosts.append(stack.enter_context(service_on(folder / name, **settings)))
        targets = {
            "rialto": hosts,
            "triton": [f"127.0.0.1:{ports.metrics}"],
            "dcgm": [stack.enter_context(exposed(SAMPLE))],
        }
        yield stack.enter_context(prometheus_on(targets, folder)), hosts


def work(hosts: list[str], seconds: float) -> None:
    """Three people at each service and a job for each, until the time is up."""
    ended = Event()
    visitors = [
        Thread(target=visit, args=(host, number, ended)) for host in hosts for number in range(3)
    ]
    for visitor in visitors:
        visitor.start()
    ended.wait(seconds / 3)
    for host in hosts:
        fill(host, 60)
    ended.wait(seconds * 2 / 3)
    ended.set()
    for visitor in visitors:
        visitor.join()


def draw(board: Board, prometheus: Prometheus, start: float, end: float, file: Path) -> None:
    """A plot a panel, its expressions asked over the time."""
    panels = [panel for row in board.rows.values() for panel in row]
    rows = -(-len(panels) // ACROSS)
    figure, axes = plt.subplots(
        rows, ACROSS, figsize=(4.2 * ACROSS, 2.5 * rows), squeeze=False, layout="constrained"
    )
    for axis in axes.flat[len(panels) :]:
        axis.set_visible(False)
    for axis, panel in zip(axes.flat, panels, strict=False):
        draw_panel(axis, panel, prometheus, start, end)
    figure.suptitle(board.title, x=0.01, ha="left", fontsize=12, fontweight="bold")
    figure.supxlabel("seconds", fontsize=8)
    figure.savefig(file, dpi=92)
    plt.close(figure)
    slimmed(file)


def slimmed(file: Path) -> None:
    """A plot has few colours: a palette of them takes a third of the bytes."""
    with Image.open(file) as picture:
        few = picture.convert("RGB").quantize(COLOURS)
    few.save(file, optimize=True)


def draw_panel(axis: Axes, panel: Panel, prometheus: Prometheus, start: float, end: float) -> None:
    """One panel: a line for each series that has values."""
    axis.set_title(panel.title)
    axis.yaxis.set_major_formatter(FORMATS.get(panel.unit, ScalarFormatter()))
    lines = lines_of(panel, prometheus, start, end)
    if len(lines) > MANY_LINES:
        axis.set_prop_cycle(color=mpl.color_sequences["tab20"])
    for told, points in lines:
        axis.plot(*zip(*points, strict=True), label=told)
    axis.set_ylim(0, axis.get_ylim()[1] * 1.06)
    axis.set_xlim(0, end - start)
    if axis.lines:
        axis.legend(loc="upper left", bbox_to_anchor=(0, -0.1), ncols=3, columnspacing=1)
    else:
        axis.text(0.5, 0.5, "nothing happened", transform=axis.transAxes, ha="center", color="grey")


def lines_of(
    panel: Panel, prometheus: Prometheus, start: float, end: float
) -> list[tuple[str, list[tuple[float, float]]]]:
    """What the legend says of each series that has values, and these, by seconds since `start`."""
    lines = []
    for query in panel.queries:
        of_sample = " (sample)" if "DCGM" in query.expr else ""
        for series in prometheus.query_range(substituted(query.expr, WINDOW), start, end, 2):
            points = [(at - start, float(value)) for at, value in series["values"]]
            seen = [(at, value) for at, value in points if isfinite(value)]
            if seen:
                lines.append((legend(query.legend, series["metric"]) + of_sample, seen))
    return lines


def legend(text: str, labels: dict[str, Any]) -> str:
    """Grafana's `{{label}}`s, filled in."""
    for name, value in labels.items():
        text = text.replace(f"{{{{{name}}}}}", str(value))
    return text


def main() -> None:
    """Work, ask, draw."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=180)
    parser.add_argument("--out", type=Path, default=ROOT / "docs")
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended by SIGTERM"))  # its services too
    mpl.use("Agg")
    mpl.rcParams.update(STYLE)
    with (
        tempfile.TemporaryDirectory(prefix="rialto-pictures-") as folder,
        watched(Path(folder)) as (prometheus, hosts),
    ):
        start = time.time() + WINDOW_S  # before it, rates are of less than their window
        work(hosts, given.seconds)
        end = time.time()
        for board in BOARDS:
            draw(board, prometheus, start, end, given.out / f"{board.uid}.png")


if __name__ == "__main__":
    main()

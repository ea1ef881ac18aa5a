"""A Prometheus of our own, asked what panels and alerts ask: addresses to scrape into answers.

DCGM's exporter needs a GPU. Where there is none, `dcgm-sample.txt` stands for it: the exporter's
format and names, with values that nobody measured.
"""

import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import httpx2
import yaml

from deploy.ports import free_ports

ALERTS = Path(__file__).parents[1] / "prometheus" / "alerts.yml"
SAMPLE = Path(__file__).with_name("dcgm-sample.txt")
PATIENCE_S = 60


@dataclass(frozen=True)
class Prometheus:
    """Where it listens; `client` asks."""

    url: str
    client: httpx2.Client

    def query(self, expr: str) -> list[dict[str, Any]]:
        """Every series of an expression now. Raises ValueError where it cannot be parsed."""
        return self._asked("query", query=expr)

    def query_range(self, expr: str, start: float, end: float, step_s: float) -> list[Any]:
        """Every series from start to end, in seconds since 1970."""
        return self._asked("query_range", query=expr, start=start, end=end, step=step_s)

    def families(self) -> set[str]:
        """Metrics that are scraped, as their `# TYPE` lines name them."""
        return set(self.client.get("/api/v1/metadata").json()["data"])

    def _asked(self, what: str, **given: str | float) -> list[dict[str, Any]]:
        answer = self.client.get(f"/api/v1/{what}", params=given).json()
        if answer["status"] != "success":
            raise ValueError(f"{given['query']}: {answer['error']}")
        found: list[dict[str, Any]] = answer["data"]["result"]
        return found


@contextmanager
def prometheus_on(targets: Mapping[str, list[str]], folder: Path) -> Iterator[Prometheus]:
    """Scrape `host:port`s by job every second, with our rules; yields when all were scraped."""
    (port,) = free_ports(1)
    jobs = [
        {"job_name": job, "static_configs": [{"targets": hosts}]} for job, hosts in targets.items()
    ]
    every = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    config = {"global": every, "rule_files": [str(ALERTS)], "scrape_configs": jobs}
    (folder / "prometheus.yml").write_text(yaml.safe_dump(config))
    process = subprocess.Popen(
        [
            "prometheus",
            f"--config.file={folder}/prometheus.yml",
            f"--storage.tsdb.path={folder}/data",
            f"--web.listen-address=127.0.0.1:{port}",
        ],
        stderr=subprocess.DEVNULL,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        with httpx2.Client(base_url=url, transport=httpx2.HTTPTransport(retries=3)) as client:
            prometheus = Prometheus(url, client)
            _await(prometheus, sum(map(len, targets.values())))
            yield prometheus
    finally:
        process.terminate()
        process.wait(30)


def _await(prometheus: Prometheus, targets: int) -> None:
    limit = time.monotonic() + PATIENCE_S
    while time.monotonic() < limit:
        try:
            if len(prometheus.query("up == 1")) == targets:
                return
        except (httpx2.TransportError, ValueError):  # not there yet, or not ready yet
            pass
        time.sleep(0.05)  # Prometheus tells nobody when it has scraped
    raise TimeoutError(f"of {targets} targets, not all were scraped in {PATIENCE_S} s")


@contextmanager
def exposed(file: Path) -> Iterator[str]:
    """Serve a text of metrics; yields its `host:port`."""
    content = file.read_bytes()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()


def substituted(expr: str, window: str = "1m") -> str:
    """An expression with the dashboards' variables at their first values: everything."""
    expr = expr.replace("$__rate_interval", window)
    for variable in ("instance", "task", "gpu"):
        expr = expr.replace(f"${variable}", ".*")
    return expr

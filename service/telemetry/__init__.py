"""What the service counts and times: one registry, made once and handed down.

Names follow Prometheus: `rialto_…_seconds`, `…_total`, base units, no label whose values
grow with use.
"""

from prometheus_client import CollectorRegistry, Histogram, start_http_server

from service.observe.context import trace_id
from service.observe.traces import Traces
from service.telemetry.archive import ArchiveMetrics
from service.telemetry.buckets import CALL_BUCKETS, LATENCY_BUCKETS
from service.telemetry.engine import EngineMetrics
from service.telemetry.http import HttpMetrics
from service.telemetry.photos import PhotoMetrics
from service.telemetry.storage import StorageMetrics

__all__ = ["CALL_BUCKETS", "LATENCY_BUCKETS", "PortTaken", "Telemetry", "timed"]


class PortTaken(ValueError):
    """The port that metrics were to be answered on cannot be had."""


class Telemetry:
    """Every metric of one process, and its traces, which tell nobody until they are opened."""

    def __init__(self) -> None:
        self.traces = Traces()
        self.registry = registry = CollectorRegistry()
        self.http = HttpMetrics(registry)
        self.photos = PhotoMetrics(registry)
        self.engine = EngineMetrics(registry)
        self.archive = ArchiveMetrics(registry)
        self.storage = StorageMetrics(registry)

    def expose(self, host: str, port: int) -> None:
        """Answer GET /metrics on a port of its own, from a thread. Raises PortTaken."""
        try:
            start_http_server(port, host, registry=self.registry)
        except OSError as error:
            raise PortTaken(f"port {port} for metrics: {error.strerror}") from error


def timed(histogram: Histogram, seconds: float) -> None:
    """Observe with the trace as an exemplar, so that a slow case can be looked at."""
    trace = trace_id()
    histogram.observe(seconds, {"trace_id": trace} if trace else None)

"""What is counted of requests, whatever they ask for."""

from prometheus_client import CollectorRegistry, Counter, Histogram

from service.telemetry.buckets import LATENCY_BUCKETS


class HttpMetrics:
    """Requests by route, and how long they took."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.requests = Counter(
            "rialto_http_requests",
            "HTTP requests answered; `task` is empty where a request names none that exists.",
            ("route", "method", "task", "status"),
            registry=registry,
        )
        self.seconds = Histogram(
            "rialto_http_request_duration_seconds",
            "From the first byte of a request to the last byte of its answer.",
            ("route",),
            buckets=LATENCY_BUCKETS,
            registry=registry,
        )

"""What one process counts of its calls to Triton."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from service.telemetry import LATENCY_BUCKETS


class TritonMetrics:
    """Registered beside the process's other metrics."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.calls = Counter(
            "rialto_triton_calls",
            "Evaluations sent to Triton; tensors by shared-memory or wire; answered, failed, away.",
            ("network", "transport", "outcome"),
            registry=registry,
        )
        self.call_seconds = Histogram(
            "rialto_triton_call_duration_seconds",
            "From sending a tile to Triton to its answer, Triton's line included.",
            ("network",),
            buckets=LATENCY_BUCKETS,
            registry=registry,
        )
        self.up = Gauge(
            "rialto_triton_up",
            "1 while Triton evaluates the network, 0 while it is waited for.",
            ("network",),
            registry=registry,
        )

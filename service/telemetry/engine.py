"""What every engine counts of its evaluations: one tile at one step, and the batches of them."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from service.telemetry.buckets import LATENCY_BUCKETS

BATCH_BUCKETS = (1, 2, 4, 8, 16, 32, 64)


class EngineMetrics:
    """Tiles in line, tiles evaluated, and batches."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.evaluations = Counter(
            "rialto_engine_evaluations",
            "Network evaluations of one tile at one step.",
            ("network", "priority"),
            registry=registry,
        )
        self.waiting_tiles = Gauge(
            "rialto_engine_waiting_tiles", "Tiles in line.", ("priority",), registry=registry
        )
        self.withdrawn = Counter(
            "rialto_engine_withdrawn_evaluations",
            "Evaluations withdrawn before they ran: client gone, deadline, failure beside them.",
            registry=registry,
        )
        self.unsound = Counter(
            "rialto_unsound_evaluations",
            "NaN or flat outputs caught.",
            ("network",),
            registry=registry,
        )
        self.queue_seconds = Histogram(
            "rialto_engine_queue_duration_seconds",
            "A tile's wait for its batch.",
            ("priority",),
            buckets=LATENCY_BUCKETS,
            registry=registry,
        )
        self._count_batches(registry)

    def _count_batches(self, registry: CollectorRegistry) -> None:
        self.batch_size = Histogram(
            "rialto_engine_batch_size",
            "Tiles evaluated together.",
            ("network",),
            buckets=BATCH_BUCKETS,
            registry=registry,
        )
        self.batch_seconds = Histogram(
            "rialto_engine_batch_duration_seconds",
            "Time of one batch inside the network's runtime.",
            ("network",),
            buckets=LATENCY_BUCKETS,
            registry=registry,
        )

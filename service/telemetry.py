"""What the service counts and times: one registry, made once and handed down.

Names follow Prometheus: `rialto_…_seconds`, `…_total`, base units, no label whose values
grow with use. Buckets are made for work that takes milliseconds to minutes.
"""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

LATENCY_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 40, 80, 160, 320)
BATCH_BUCKETS = (1, 2, 4, 8, 16, 32, 64)


class Telemetry:
    """Every metric of one process."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        self.requests = Counter(
            "rialto_http_requests",
            "HTTP requests answered.",
            ("route", "method", "status"),
            registry=registry,
        )
        self.request_seconds = Histogram(
            "rialto_http_request_duration_seconds",
            "From the first byte of a request to the last byte of its answer.",
            ("route",),
            buckets=LATENCY_BUCKETS,
            registry=registry,
        )
        self.stage_seconds = Histogram(
            "rialto_restoration_stage_seconds",
            "A photo's life by stage: wait, decode, infer, pack.",
            ("task", "stage"),
            buckets=LATENCY_BUCKETS,
            registry=registry,
        )
        self.restorations = Counter(
            "rialto_restorations",
            "Photos by task and outcome: restored, refused, failed, cancelled.",
            ("task", "outcome"),
            registry=registry,
        )
        self.megapixels = Counter(
            "rialto_restored_megapixels", "Output of restored photos.", ("task",), registry=registry
        )
        self.photos_in_progress = Gauge(
            "rialto_photos_in_progress", "Photos accepted and not yet answered.", registry=registry
        )
        self.evaluations = Counter(
            "rialto_engine_evaluations",
            "Network evaluations of one tile at one step.",
            ("network", "priority"),
            registry=registry,
        )
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
        self.queue_seconds = Histogram(
            "rialto_engine_queue_duration_seconds",
            "A tile's wait for its batch.",
            ("priority",),
            buckets=LATENCY_BUCKETS,
            registry=registry,
        )
        self.admission_seconds = Histogram(
            "rialto_admission_duration_seconds",
            "From a photo's arrival to its first evaluated tile.",
            ("priority",),
            buckets=LATENCY_BUCKETS,
            registry=registry,
        )
        self.archive_photos = Counter(
            "rialto_archive_photos",
            "Photos of jobs by outcome: restored, failed, retried, lost to another worker.",
            ("outcome",),
            registry=registry,
        )
        self.archive_backlog = Gauge(
            "rialto_archive_backlog_photos",
            "Photos of jobs that have not ended, by state.",
            ("state",),
            registry=registry,
        )
        self.archive_reaped = Counter(
            "rialto_archive_reaped",
            "Photos put in line again: leases that ran out, retries that fell due.",
            registry=registry,
        )
        self.archive_mended = Counter(
            "rialto_archive_mended",
            "Photos found in no line by the reconciler, and put back.",
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

"""What is counted of photos, one at a time, from the door to the answer."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from service.telemetry.buckets import LATENCY_BUCKETS


class PhotoMetrics:
    """How photos end and how long each stage takes them; and what their watchers are shown."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.in_progress = Gauge(
            "rialto_photos_in_progress", "Photos accepted and not yet answered.", registry=registry
        )
        self.outcomes = Counter(
            "rialto_restorations",
            "Photos by task and outcome: restored, refused, failed, cancelled.",
            ("task", "outcome"),
            registry=registry,
        )
        self.megapixels = Counter(
            "rialto_restored_megapixels", "Output of restored photos.", ("task",), registry=registry
        )
        self.deadline_stops = Counter(
            "rialto_deadline_stops",
            "Photos answered with fewer steps than planned, since the caller's time was up.",
            ("task",),
            registry=registry,
        )
        self._count_stages(registry)
        self._count_watchers(registry)

    def _count_stages(self, registry: CollectorRegistry) -> None:
        self.stage_seconds = Histogram(
            "rialto_restoration_stage_seconds",
            "A photo's life by stage: wait, decode, infer, pack.",
            ("task", "stage"),
            buckets=LATENCY_BUCKETS,
            registry=registry,
        )
        self.in_stage = Gauge(
            "rialto_restoration_stage_photos",
            "Photos in each stage now; those in `wait` are the queue.",
            ("stage", "priority"),
            registry=registry,
        )
        self.admission_seconds = Histogram(
            "rialto_admission_duration_seconds",
            "From a photo's arrival to its first evaluated tile.",
            ("priority",),
            buckets=LATENCY_BUCKETS,
            registry=registry,
        )

    def _count_watchers(self, registry: CollectorRegistry) -> None:
        self.previews = Counter(
            "rialto_previews",
            "Pictures of steps made for callers who watch: x_0, x_t.",
            ("kind",),
            registry=registry,
        )
        self.resumed_streams = Counter(
            "rialto_resumed_streams",
            "Streams of events taken up again with Last-Event-ID.",
            registry=registry,
        )

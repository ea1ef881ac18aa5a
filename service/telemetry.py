"""What the service counts and times: one registry, made once and handed down.

Names follow Prometheus: `rialto_…_seconds`, `…_total`, base units, no label whose values
grow with use. Buckets are made for work that takes milliseconds to minutes.
"""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from service.observe.context import trace_id
from service.observe.traces import Traces

CALL_BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10)
LATENCY_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 40, 80, 160, 320)
BATCH_BUCKETS = (1, 2, 4, 8, 16, 32, 64)


class Telemetry:
    """Every metric of one process, and its traces, which tell nobody until they are opened."""

    def __init__(self) -> None:
        self.traces = Traces()
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
        self.stage_photos = Gauge(
            "rialto_restoration_stage_photos",
            "Photos in each stage now; those in `wait` are the queue.",
            ("stage", "priority"),
            registry=registry,
        )
        self.deadline_stops = Counter(
            "rialto_deadline_stops",
            "Photos answered with fewer steps than planned, since the caller's time was up.",
            ("task",),
            registry=registry,
        )
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
            "Photos of jobs that have not ended, by state and the job's priority.",
            ("state", "priority"),
            registry=registry,
        )
        self.archive_backlog_megapixels = Gauge(
            "rialto_archive_backlog_megapixels",
            "Outputs still to be made, of jobs that are not paused, as their photos were so far.",
            registry=registry,
        )
        self.archive_backlog_seconds = Gauge(
            "rialto_archive_backlog_seconds",
            "What the backlog would take one place of a worker, as its photos took so far.",
            registry=registry,
        )
        self.archive_jobs = Gauge(
            "rialto_archive_jobs", "Jobs that are kept, by state.", ("state",), registry=registry
        )
        self.archive_jobs_ended = Counter(
            "rialto_archive_jobs_ended",
            "Jobs by outcome: finished, cancelled.",
            ("outcome",),
            registry=registry,
        )
        self.archive_leases_lost = Counter(
            "rialto_archive_leases_lost",
            "Photos that this worker had in work and that are another's, or nobody's, by now.",
            registry=registry,
        )
        self.archive_reaped = Counter(
            "rialto_archive_reaped",
            "Photos put in line again: leases that ran out, retries that fell due.",
            ("reason",),
            registry=registry,
        )
        self.caretaker_round = Gauge(
            "rialto_archive_caretaker_round_timestamp_seconds",
            "When this process's caretaker last ended a slow round, or began to live.",
            registry=registry,
        )
        self.redis_seconds = Histogram(
            "rialto_redis_command_duration_seconds",
            "One call of the queue's, by script or command; those that wait for news left out.",
            ("command",),
            buckets=CALL_BUCKETS,
            registry=registry,
        )
        self.blob_seconds = Histogram(
            "rialto_blob_operation_duration_seconds",
            "One call of the storage: put, get, read (a chunk), head, delete.",
            ("operation",),
            buckets=CALL_BUCKETS,
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

    @staticmethod
    def timed(histogram: Histogram, seconds: float) -> None:
        """Observe with the trace as an exemplar, so that a slow case can be looked at."""
        trace = trace_id()
        histogram.observe(seconds, {"trace_id": trace} if trace else None)

    def redis_call(self, command: str, seconds: float) -> None:
        """One call of the queue took `seconds`."""
        self.redis_seconds.labels(command).observe(seconds)

    def blob_operation(self, operation: str, seconds: float) -> None:
        """One operation of the storage took `seconds`."""
        self.blob_seconds.labels(operation).observe(seconds)

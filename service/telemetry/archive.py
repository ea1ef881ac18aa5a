"""What is counted of jobs: by workers of their photos, by the caretaker of what is left to do."""

from prometheus_client import CollectorRegistry, Counter, Gauge


class ArchiveMetrics:
    """Photos of jobs and their ends, the backlog, and what the caretaker found."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.photos = Counter(
            "rialto_archive_photos",
            "Photos of jobs by outcome: restored, failed, retried, lost to another worker.",
            ("outcome",),
            registry=registry,
        )
        self.leases_lost = Counter(
            "rialto_archive_leases_lost",
            "Photos that this worker had in work and that are another's, or nobody's, by now.",
            registry=registry,
        )
        self.jobs_ended = Counter(
            "rialto_archive_jobs_ended",
            "Jobs by outcome: finished, cancelled.",
            ("outcome",),
            registry=registry,
        )
        self._count_backlog(registry)
        self._count_care(registry)

    def _count_backlog(self, registry: CollectorRegistry) -> None:
        self.jobs = Gauge(
            "rialto_archive_jobs", "Jobs that are kept, by state.", ("state",), registry=registry
        )
        self.backlog = Gauge(
            "rialto_archive_backlog_photos",
            "Photos of jobs that have not ended, by state and the job's priority.",
            ("state", "priority"),
            registry=registry,
        )
        self.backlog_megapixels = Gauge(
            "rialto_archive_backlog_megapixels",
            "Outputs still to be made, of jobs that are not paused, as their photos were so far.",
            registry=registry,
        )
        self.backlog_seconds = Gauge(
            "rialto_archive_backlog_seconds",
            "What the backlog would take one place of a worker, as its photos took so far.",
            registry=registry,
        )

    def _count_care(self, registry: CollectorRegistry) -> None:
        self.reaped = Counter(
            "rialto_archive_reaped",
            "Photos put in line again: leases that ran out, retries that fell due.",
            ("reason",),
            registry=registry,
        )
        self.mended = Counter(
            "rialto_archive_mended",
            "Photos found in no line by the reconciler, and put back.",
            registry=registry,
        )
        self.caretaker_round = Gauge(
            "rialto_archive_caretaker_round_timestamp_seconds",
            "When this process's caretaker last ended a slow round, or began to live.",
            registry=registry,
        )

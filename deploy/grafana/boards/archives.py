"""Jobs: what they still have to do, how fast it goes, and what should not happen to them."""

from deploy.grafana.panels import OURS, RATE, RESTORED, Board, Panel, Query, quantiles, rate_of

JOBS = (
    Panel(
        "Backlog, photos",
        "none",
        (
            Query(
                f"max by (state, priority) (rialto_archive_backlog_photos{OURS})",
                "{{state}} {{priority}}",
            ),
        ),
        "Photos of jobs that have not ended; all processes see one queue: the maximum.",
    ),
    Panel(
        "Backlog, megapixels",
        "none",
        (Query(f"max(rialto_archive_backlog_megapixels{OURS})", "megapixels"),),
        "Outputs still to be made, of jobs that are not paused.",
    ),
    Panel(
        "Jobs",
        "none",
        (Query(f"max by (state) (rialto_archive_jobs{OURS})", "{{state}}"),),
        "Jobs that are kept; those that have ended go after the retention.",
    ),
)
PACE = (
    Panel(
        "Photos a second",
        "ops",
        (Query(rate_of("rialto_archive_photos_total", "outcome", OURS), "{{outcome}}"),),
        "Lost ones were taken over by another worker after a lease ran out.",
    ),
    Panel(
        "Time until the backlog is empty",
        "s",
        (
            Query(
                f"sum(max by (state, priority) (rialto_archive_backlog_photos{OURS}))"
                f" / sum(rate(rialto_archive_photos_total{RESTORED}[15m]))",
                "at the present rate",
            ),
            Query(f"max(rialto_archive_backlog_seconds{OURS})", "for one place of one worker"),
        ),
        "By the rate of the last quarter of an hour; and alone, which is what workers scale on.",
    ),
    Panel(
        "Jobs ended an hour",
        "none",
        (
            Query(
                f"sum by (outcome) (increase(rialto_archive_jobs_ended_total{OURS}[1h]))",
                "{{outcome}}",
            ),
        ),
        "Cancelled ones kept what was restored.",
    ),
)
FAULTS = (
    Panel(
        "Put in line again",
        "ops",
        (
            Query(rate_of("rialto_archive_reaped_total", "reason", OURS), "{{reason}}"),
            Query(rate_of("rialto_archive_leases_lost_total", "", OURS), "leases lost in work"),
        ),
        "Leases expire when a worker goes silent; retries fall due after faults that may pass.",
    ),
    Panel(
        "Found in no line",
        "ops",
        (Query(rate_of("rialto_archive_mended_total", "", OURS), "mended"),),
        "By the reconciler: more than none is a fault worth a report.",
    ),
    Panel(
        "Age of the reconciler's last round",
        "s",
        (
            Query(
                f"time() - max(rialto_archive_caretaker_round_timestamp_seconds{OURS})",
                "the newest of all processes",
            ),
        ),
        "About a minute; it grows where no process has ended a round.",
    ),
)
STORES = (
    Panel(
        "The queue's calls, 99th percentile",
        "s",
        (
            Query(
                "histogram_quantile(0.99, sum by (le, command)"
                f" (rate(rialto_redis_command_duration_seconds_bucket{OURS}[{RATE}])))",
                "{{command}}",
            ),
        ),
        "By script or command; those that wait for news are left out.",
    ),
    Panel(
        "The storage's calls",
        "s",
        quantiles("rialto_blob_operation_duration_seconds", "operation", OURS),
        "put, get, read (a chunk), head, delete.",
    ),
)
ARCHIVES = Board(
    "rialto-archives",
    "Rialto: archives",
    {"What is to do": JOBS, "Pace": PACE, "What should not happen": FAULTS, "Stores": STORES},
)

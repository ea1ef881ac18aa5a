"""Jobs, and what should not happen to them."""

from deploy.grafana.panels import OURS, RESTORED, Board, Panel, Query, rate_of

ARCHIVES = Board(
    "rialto-archives",
    "Rialto: archives",
    {
        "Jobs": (
            Panel(
                "Backlog",
                "none",
                (Query(f"max by (state) (rialto_archive_backlog_photos{OURS})", "{{state}}"),),
                "Photos of jobs that have not ended; all processes see one queue: the maximum.",
            ),
            Panel(
                "Photos a second",
                "ops",
                (
                    Query(
                        rate_of("rialto_archive_photos_total", "outcome", OURS),
                        "{{outcome}}",
                    ),
                ),
                "Lost ones were taken over by another worker after a lease ran out.",
            ),
            Panel(
                "Time until the backlog is empty",
                "s",
                (
                    Query(
                        f"sum(max by (state) (rialto_archive_backlog_photos{OURS}))"
                        " / " + rate_of("rialto_archive_photos_total", "", RESTORED, "15m"),
                        "at the present rate",
                    ),
                ),
                "By the rate of the last quarter of an hour.",
            ),
        ),
        "What should not happen": (
            Panel(
                "Put in line again",
                "ops",
                (
                    Query(
                        rate_of("rialto_archive_reaped_total", "", OURS),
                        "leases and retries",
                    ),
                    Query(rate_of("rialto_archive_mended_total", "", OURS), "found in no line"),
                ),
                "The second is the reconciler's: more than none is a fault worth a report.",
            ),
        ),
    },
)

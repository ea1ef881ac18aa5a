"""Is it healthy, how fast, and how well is the device used?"""

from deploy.grafana.panels import (
    OURS,
    SERVER_ERRORS,
    STAGES,
    TASKS,
    Board,
    Panel,
    Query,
    quantiles,
    rate_of,
)

OVERVIEW = Board(
    "rialto-overview",
    "Rialto: overview",
    {
        "Is it healthy?": (
            Panel(
                "Photos by outcome",
                "ops",
                (
                    Query(
                        rate_of("rialto_restorations_total", "outcome", TASKS),
                        "{{outcome}}",
                    ),
                ),
                "Failed is the service's fault, refused the caller's, cancelled the caller left.",
            ),
            Panel(
                "Errors, share of requests",
                "percentunit",
                (
                    Query(
                        rate_of("rialto_http_requests_total", "", SERVER_ERRORS)
                        + " / "
                        + rate_of("rialto_http_requests_total", "", OURS),
                        "5xx",
                    ),
                ),
                "503 counts: a full line is an outage to the one who is refused.",
            ),
            Panel(
                "Unsound and withdrawn evaluations",
                "ops",
                (
                    Query(rate_of("rialto_unsound_evaluations_total", "", OURS), "NaN or flat"),
                    Query(
                        rate_of("rialto_engine_withdrawn_evaluations_total", "", OURS),
                        "withdrawn",
                    ),
                ),
                "Unsound ones were evaluated again; more than none: a broken network or device.",
            ),
        ),
        "How fast?": (
            Panel(
                "Megapixels restored a second",
                "none",
                (
                    Query(
                        rate_of("rialto_restored_megapixels_total", "task", TASKS),
                        "{{task}}",
                    ),
                ),
                "Output pixels; a photo counts when it is answered.",
            ),
            Panel(
                "Time to answer, by task",
                "s",
                quantiles(STAGES, "task", '{instance=~"$instance",task=~"$task",stage="infer"}'),
                "The stage infer: all steps of a photo, waiting for batches included.",
            ),
            Panel(
                "Arrival to first evaluated tile",
                "s",
                quantiles("rialto_admission_duration_seconds", "priority", OURS),
                "What step-level batching is for: it must not grow with the archive's load.",
            ),
        ),
        "How well is the device used?": (
            Panel(
                "Achieved batch",
                "none",
                (
                    Query(
                        rate_of("rialto_engine_batch_size_sum", "network", OURS)
                        + " / "
                        + rate_of("rialto_engine_batch_size_count", "network", OURS),
                        "{{network}}",
                    ),
                ),
                "Tiles evaluated together, mean.",
            ),
            Panel(
                "Evaluations a second",
                "ops",
                (
                    Query(
                        rate_of("rialto_engine_evaluations_total", "network, priority", OURS),
                        "{{network}} {{priority}}",
                    ),
                ),
                "One tile at one step each.",
            ),
            Panel(
                "Device busy",
                "percentunit",
                (
                    Query(
                        rate_of("rialto_engine_batch_duration_seconds_sum", "instance", OURS),
                        "{{instance}}",
                    ),
                ),
                "Share of time inside the network's runtime; 1 is saturated.",
            ),
            Panel(
                "Tiles in line",
                "none",
                (Query(f"sum by (priority) (rialto_engine_waiting_tiles{OURS})", "{{priority}}"),),
                "Interactive ones should stay near none.",
            ),
        ),
    },
)

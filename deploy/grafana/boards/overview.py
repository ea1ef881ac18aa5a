"""Is it healthy, how fast, how well is the device used, and what is still to do?"""

from deploy.grafana.panels import (
    OURS,
    SERVER_ERRORS,
    STAGES,
    TASKS,
    Board,
    Panel,
    Query,
    a_gpu,
    quantiles,
    rate_of,
    ratio_of,
)

HEALTH = (
    Panel(
        "Photos by outcome",
        "ops",
        (Query(rate_of("rialto_restorations_total", "outcome", TASKS), "{{outcome}}"),),
        "Failed is the service's fault, refused the caller's, cancelled the caller left.",
    ),
    Panel(
        "Errors, share of requests",
        "percentunit",
        (
            Query(
                "("
                + rate_of("rialto_http_requests_total", "", SERVER_ERRORS)
                + " or vector(0)) / "
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
            Query(rate_of("rialto_engine_withdrawn_evaluations_total", "", OURS), "withdrawn"),
        ),
        "Unsound ones were evaluated again; more than none: a broken network or device.",
    ),
)
SPEED = (
    Panel(
        "Megapixels restored a second, by process and a GPU",
        "none",
        (
            Query(rate_of("rialto_restored_megapixels_total", "instance", TASKS), "{{instance}}"),
            Query(a_gpu(rate_of("rialto_restored_megapixels_total", "", TASKS)), "a GPU"),
        ),
        "Output pixels; a photo counts when it is answered. GPUs are those that DCGM sees.",
    ),
    Panel(
        "Time to restore, by task",
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
)
DEVICE = (
    Panel(
        "Achieved batch",
        "none",
        (
            Query(ratio_of("rialto_engine_batch_size", "network", OURS), "{{network}}"),
            Query(
                rate_of("nv_inference_count", "model")
                + " / "
                + rate_of("nv_inference_exec_count", "model"),
                "{{model}} in Triton",
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
        "Share of time inside the embedded network's runtime; 1 is saturated.",
    ),
)
TO_DO = (
    Panel(
        "Photos by stage now",
        "none",
        (
            Query(
                f"sum by (stage, priority) (rialto_restoration_stage_photos{OURS})",
                "{{stage}} {{priority}}",
            ),
        ),
        "Those in `wait` are the queue of single photos.",
    ),
    Panel(
        "Tiles in line",
        "none",
        (Query(f"sum by (priority) (rialto_engine_waiting_tiles{OURS})", "{{priority}}"),),
        "Interactive ones should stay near none.",
    ),
    Panel(
        "Backlog of jobs",
        "none",
        (Query(f"max(rialto_archive_backlog_megapixels{OURS})", "megapixels"),),
        "Outputs still to be made; the board of archives has it by state and in seconds.",
    ),
)
OVERVIEW = Board(
    "rialto-overview",
    "Rialto: overview",
    {
        "Is it healthy?": HEALTH,
        "How fast?": SPEED,
        "How well is the device used?": DEVICE,
        "What is still to do?": TO_DO,
    },
)

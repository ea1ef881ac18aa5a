"""What the dashboards show: every panel as data, so that a test can ask Prometheus each of them.

`$task` and `$instance` are the dashboards' variables. DCGM's and Triton's own metrics are named as
their exporters do.
"""

from dataclasses import dataclass

RATE = "$__rate_interval"


@dataclass(frozen=True)
class Query:
    """One line of a panel: PromQL, and what its legend says."""

    expr: str
    legend: str


@dataclass(frozen=True)
class Panel:
    """A plot. `unit` is Grafana's name of it."""

    title: str
    unit: str
    queries: tuple[Query, ...]
    meaning: str


@dataclass(frozen=True)
class Board:
    """A dashboard: panels by the row that holds them."""

    uid: str
    title: str
    rows: dict[str, tuple[Panel, ...]]


def rate_of(metric: str, by: str, selector: str = "", window: str = RATE) -> str:
    """Increase a second, summed by a label; no label sums it all."""
    grouping = f" by ({by}) " if by else ""
    return f"sum{grouping}(rate({metric}{selector}[{window}]))"


def quantiles(metric: str, by: str, selector: str = "") -> tuple[Query, ...]:
    """The median, 95th and 99th percentile of a histogram, by a label."""
    rate = f"sum by (le, {by}) (rate({metric}_bucket{selector}[{RATE}]))"
    return tuple(
        Query(f"histogram_quantile({share}, {rate})", f"{{{{{by}}}}} {name}")
        for share, name in ((0.5, "p50"), (0.95, "p95"), (0.99, "p99"))
    )


STAGES = "rialto_restoration_stage_seconds"
SERVER_ERRORS = '{instance=~"$instance",status=~"5.."}'
RESTORED = '{instance=~"$instance",outcome="restored"}'
OURS = '{instance=~"$instance"}'
TASKS = '{instance=~"$instance",task=~"$task"}'

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

STAGE_BOARD = Board(
    "rialto-photo",
    "Rialto: one photo's time",
    {
        "By stage": tuple(
            Panel(
                f"Stage {stage}",
                "s",
                quantiles(
                    STAGES, "task", f'{{instance=~"$instance",task=~"$task",stage="{stage}"}}'
                ),
                meaning,
            )
            for stage, meaning in (
                ("wait", "Waiting for one of the active places; grows first under load."),
                ("decode", "File to pixels, in a child process."),
                ("infer", "All steps of the bridge."),
                ("pack", "Pixels to a file, in a child process."),
            )
        ),
        "In the engine": (
            Panel(
                "A tile's wait for its batch",
                "s",
                quantiles("rialto_engine_queue_duration_seconds", "priority", OURS),
                "By priority.",
            ),
            Panel(
                "A batch in the runtime",
                "s",
                quantiles("rialto_engine_batch_duration_seconds", "network", OURS),
                "By network.",
            ),
        ),
    },
)

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

GPU = Board(
    "rialto-gpu",
    "Rialto: GPUs",
    {
        "Throughput": (
            Panel(
                "Megapixels a second and GPU",
                "none",
                (
                    Query(
                        rate_of("rialto_restored_megapixels_total", "", OURS)
                        + " / count(count by (gpu, Hostname) (DCGM_FI_DEV_GPU_UTIL))",
                        "a GPU",
                    ),
                ),
                "Restored output over the number of GPUs that DCGM sees.",
            ),
            Panel(
                "Tensor pipe active",
                "percentunit",
                (
                    Query(
                        "avg by (gpu, Hostname) (DCGM_FI_PROF_PIPE_TENSOR_ACTIVE)",
                        "{{Hostname}} {{gpu}}",
                    ),
                ),
                "The share of cycles that do the convolutions' work; `GPU util` would say 100 %.",
            ),
            Panel(
                "Energy of a megapixel",
                "joule",
                (
                    Query(
                        "sum(DCGM_FI_DEV_POWER_USAGE)"
                        f" / sum(rate(rialto_restored_megapixels_total{OURS}[{RATE}]))",
                        "joules",
                    ),
                ),
                "Watts of all GPUs over megapixels a second.",
            ),
            Panel(
                "Memory used",
                "decmbytes",
                (Query("max by (gpu, Hostname) (DCGM_FI_DEV_FB_USED)", "{{Hostname}} {{gpu}}"),),
                "Engines, activations, and whoever shares the device.",
            ),
        ),
        "Triton": (
            Panel(
                "Tiles an execution",
                "none",
                (
                    Query(
                        f"sum by (model) (rate(nv_inference_count[{RATE}]))"
                        f" / sum by (model) (rate(nv_inference_exec_count[{RATE}]))",
                        "{{model}}",
                    ),
                ),
                "The batch as Triton formed it, of all gateways' and workers' tiles.",
            ),
            Panel(
                "Queue and compute, mean of an evaluation",
                "µs",
                (
                    Query(
                        f"sum by (model) (rate(nv_inference_queue_duration_us[{RATE}]))"
                        f" / sum by (model) (rate(nv_inference_count[{RATE}]))",
                        "{{model}} queue",
                    ),
                    Query(
                        f"sum by (model) (rate(nv_inference_compute_infer_duration_us[{RATE}]))"
                        f" / sum by (model) (rate(nv_inference_count[{RATE}]))",
                        "{{model}} compute",
                    ),
                ),
                "Triton's own clocks.",
            ),
            Panel(
                "Failures",
                "ops",
                (
                    Query(
                        f"sum by (model) (rate(nv_inference_request_failure[{RATE}]))", "{{model}}"
                    ),
                ),
                "Requests that Triton refused or could not finish.",
            ),
        ),
    },
)

BOARDS = (OVERVIEW, STAGE_BOARD, ARCHIVES, GPU)

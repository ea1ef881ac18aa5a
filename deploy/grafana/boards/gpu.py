"""GPUs by DCGM, and Triton by itself."""

from deploy.grafana.panels import OURS, RATE, Board, Panel, Query, rate_of

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

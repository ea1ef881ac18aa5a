"""GPUs by DCGM, and Triton by itself."""

from deploy.grafana.panels import GPUS, OURS, RATE, Board, Panel, Query, a_gpu, quantiles, rate_of

GPU = Board(
    "rialto-gpu",
    "Rialto: GPUs",
    {
        "Throughput": (
            Panel(
                "Megapixels a second and GPU",
                "none",
                (Query(a_gpu(rate_of("rialto_restored_megapixels_total", "", OURS)), "a GPU"),),
                "Restored output over the number of GPUs that DCGM sees.",
            ),
            Panel(
                "Tensor pipe active",
                "percentunit",
                (
                    Query(
                        f"avg by (gpu, Hostname) (DCGM_FI_PROF_PIPE_TENSOR_ACTIVE{GPUS})",
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
                        f"sum(DCGM_FI_DEV_POWER_USAGE{GPUS})"
                        f" / sum(rate(rialto_restored_megapixels_total{OURS}[{RATE}]))",
                        "joules",
                    ),
                ),
                "Watts of all GPUs over megapixels a second.",
            ),
            Panel(
                "Memory used",
                "mbytes",
                (
                    Query(
                        f"max by (gpu, Hostname) (DCGM_FI_DEV_FB_USED{GPUS})",
                        "{{Hostname}} {{gpu}}",
                    ),
                ),
                "Engines, activations, and whoever shares the device.",
            ),
            Panel(
                "Power",
                "watt",
                (
                    Query(
                        f"sum by (gpu, Hostname) (DCGM_FI_DEV_POWER_USAGE{GPUS})",
                        "{{Hostname}} {{gpu}}",
                    ),
                ),
                "By device.",
            ),
            Panel(
                "Memory traffic",
                "percentunit",
                (
                    Query(
                        f"avg by (gpu, Hostname) (DCGM_FI_PROF_DRAM_ACTIVE{GPUS})",
                        "{{Hostname}} {{gpu}}",
                    ),
                ),
                "High beside a low tensor pipe: the batch is too small, or the network too thin.",
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
                "s",
                (
                    Query(
                        f"1e-6 * sum by (model) (rate(nv_inference_queue_duration_us[{RATE}]))"
                        f" / sum by (model) (rate(nv_inference_count[{RATE}]))",
                        "{{model}} queue",
                    ),
                    Query(
                        "1e-6 * sum by (model)"
                        f" (rate(nv_inference_compute_infer_duration_us[{RATE}]))"
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
            Panel(
                "A call of ours to Triton",
                "s",
                quantiles("rialto_triton_call_duration_seconds", "network", OURS),
                "From sending a tile to its answer, Triton's line included.",
            ),
        ),
    },
)

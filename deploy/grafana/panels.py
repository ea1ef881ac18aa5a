"""What dashboards are made of: panels as data, so that a test can ask Prometheus each of them.

`$task`, `$instance` and `$gpu` are variables. DCGM's and Triton's own metrics are named as
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


def ratio_of(histogram: str, by: str, selector: str = "") -> str:
    """A histogram's mean, by a label."""
    total, count = (rate_of(f"{histogram}_{part}", by, selector) for part in ("sum", "count"))
    return f"{total} / {count}"


def a_gpu(total: str) -> str:
    """A total over the number of GPUs that DCGM sees; nothing where there is none."""
    return f"{total} / count(count by (gpu, Hostname) (DCGM_FI_DEV_GPU_UTIL{GPUS}))"


STAGES = "rialto_restoration_stage_seconds"
SERVER_ERRORS = '{instance=~"$instance",status=~"5.."}'
RESTORED = '{instance=~"$instance",outcome="restored"}'
OURS = '{instance=~"$instance"}'
GPUS = '{gpu=~"$gpu"}'
TASKS = '{instance=~"$instance",task=~"$task"}'

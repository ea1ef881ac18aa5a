"""The dashboards as JSON, made from `panels`; `python -m deploy.grafana.build` writes them."""

import json
from pathlib import Path

from grafana_foundation_sdk.builders import dashboard, prometheus, timeseries
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import DataSourceRef

from deploy.grafana.boards import BOARDS
from deploy.grafana.panels import Board, Panel

FOLDER = Path(__file__).parent / "dashboards"
SOURCE = DataSourceRef(type_val="prometheus", uid="${datasource}")
WIDTH = 24  # Grafana's grid
HEIGHT = 8


def panel_of(panel: Panel, across: int) -> timeseries.Panel:
    """A time series, one of `across` in its row."""
    made = (
        timeseries.Panel()
        .title(panel.title)
        .description(panel.meaning)
        .datasource(SOURCE)
        .unit(panel.unit)
        .min(0)
        .fill_opacity(8)
        .span(WIDTH // across)
        .height(HEIGHT)
    )
    for query in panel.queries:
        made = made.with_target(prometheus.Dataquery().expr(query.expr).legend_format(query.legend))
    return made


def board_of(board: Board) -> str:
    """One dashboard's JSON, the same bytes every time."""
    made = (
        dashboard.Dashboard(board.title)
        .uid(board.uid)
        .tags(["rialto"])
        .refresh("10s")
        .time("now-1h", "now")
        .timezone("browser")
        .with_variable(
            dashboard.DatasourceVariable("datasource").label("Prometheus").type("prometheus")
        )
        .with_variable(
            values_of("instance", "label_values(rialto_engine_evaluations_total, instance)")
        )
        .with_variable(values_of("task", "label_values(rialto_restored_megapixels_total, task)"))
        .with_variable(values_of("gpu", "label_values(DCGM_FI_DEV_GPU_UTIL, gpu)"))
    )
    for title, panels in board.rows.items():
        made = made.with_row(dashboard.Row(title))
        for panel in panels:
            made = made.with_panel(panel_of(panel, min(len(panels), 3)))
    return json.dumps(made.build(), cls=JSONEncoder, indent=1, sort_keys=True) + "\n"


def values_of(name: str, query: str) -> dashboard.QueryVariable:
    """A variable that takes a label's values, all of them at first."""
    return (
        dashboard.QueryVariable(name)
        .datasource(SOURCE)
        .query(query)
        .multi(True)
        .include_all(True)
        .all_value(".*")
    )


def main() -> None:
    """Write every dashboard."""
    for board in BOARDS:
        (FOLDER / f"{board.uid}.json").write_text(board_of(board))


if __name__ == "__main__":
    main()

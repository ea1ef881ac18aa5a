"""Where one photo's time goes."""

from deploy.grafana.panels import OURS, STAGES, Board, Panel, quantiles

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

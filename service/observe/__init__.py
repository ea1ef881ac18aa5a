"""What the service tells of itself while it works: log lines and traces. Metrics: `telemetry`."""

"""What is timed of the places where the archive keeps things: the queue, and the blobs."""

from prometheus_client import CollectorRegistry, Histogram

from service.telemetry.buckets import CALL_BUCKETS


class StorageMetrics:
    """Calls of Redis and of the blob storage, by what was asked."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.redis_seconds = Histogram(
            "rialto_redis_command_duration_seconds",
            "One call of the queue's, by script or command; those that wait for news left out.",
            ("command",),
            buckets=CALL_BUCKETS,
            registry=registry,
        )
        self.blob_seconds = Histogram(
            "rialto_blob_operation_duration_seconds",
            "One call of the storage: put, get, read (a chunk), head, delete.",
            ("operation",),
            buckets=CALL_BUCKETS,
            registry=registry,
        )

    def redis_call(self, command: str, seconds: float) -> None:
        """One call of the queue took `seconds`."""
        self.redis_seconds.labels(command).observe(seconds)

    def blob_operation(self, operation: str, seconds: float) -> None:
        """One operation of the storage took `seconds`."""
        self.blob_seconds.labels(operation).observe(seconds)

"""A running service as a Python object: bytes of a damaged photo in, a `Restoration` out.

    with Client("http://127.0.0.1:8000") as client:
        client.restore("scan.jpg", task="jpeg").save("scan-restored.jpg")

What is said to the service and how its answers are read stands once, without input or
output (`call`, `answer`, `conversation`); `Client` and `AsyncClient` only carry it.
"""

from rialto.client.async_client import AsyncClient
from rialto.client.catalogue import Limits, Network, Preset, Quality, Task
from rialto.client.errors import (
    APIConnectionError,
    APIStatusError,
    APITimeoutError,
    AuthenticationError,
    BadRequestError,
    ConflictError,
    NotFoundError,
    PayloadTooLargeError,
    PermissionDeniedError,
    RateLimitedError,
    Refusal,
    RialtoError,
    ServiceError,
    UnavailableError,
    UnexpectedAnswerError,
    UnprocessableError,
    UnsupportedMediaTypeError,
)
from rialto.client.job_records import Job, JobCounts, JobFailure, JobOutput, JobPhoto
from rialto.client.jobs import AsyncJobs, Jobs
from rialto.client.restoration import Preview, Progress, Restoration
from rialto.client.sync_client import Client
from rialto.client.webhooks import WebhookEvent, WebhookVerificationError, verify_webhook

__all__ = [
    "APIConnectionError",
    "APIStatusError",
    "APITimeoutError",
    "AsyncClient",
    "AsyncJobs",
    "AuthenticationError",
    "BadRequestError",
    "Client",
    "ConflictError",
    "Job",
    "JobCounts",
    "JobFailure",
    "JobOutput",
    "JobPhoto",
    "Jobs",
    "Limits",
    "Network",
    "NotFoundError",
    "PayloadTooLargeError",
    "PermissionDeniedError",
    "Preset",
    "Preview",
    "Progress",
    "Quality",
    "RateLimitedError",
    "Refusal",
    "Restoration",
    "RialtoError",
    "ServiceError",
    "Task",
    "UnavailableError",
    "UnexpectedAnswerError",
    "UnprocessableError",
    "UnsupportedMediaTypeError",
    "WebhookEvent",
    "WebhookVerificationError",
    "verify_webhook",
]

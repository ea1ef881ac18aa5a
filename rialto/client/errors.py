"""What can go wrong in a call, as exceptions: one class for each thing a caller can do next.

* RialtoError
  x APIConnectionError             no whole answer came
    - APITimeoutError              reached, but silent for too long
  x UnexpectedAnswerError          an answer, but not one of this service
  x APIStatusError                 the service refused, and says why
    - BadRequestError 400          - ConflictError 409
    - AuthenticationError 401      - PayloadTooLargeError 413
    - PermissionDeniedError 403    - UnsupportedMediaTypeError 415
    - NotFoundError 404            - UnprocessableError 422
    - RateLimitedError 429         - ServiceError 5xx
                                     · UnavailableError 503
"""

from dataclasses import dataclass


class RialtoError(Exception):
    """Any failure of a call. `request_id` finds it in the service's log."""

    request_id: str | None

    def __init__(self, message: object, request_id: str | None = None) -> None:
        super().__init__(message, request_id)
        self.request_id = request_id

    def __str__(self) -> str:
        text = str(self.args[0])
        return f"{text} (request {self.request_id})" if self.request_id else text


class APIConnectionError(RialtoError):
    """The service was not reached, or the connection broke before the answer was whole."""


class APITimeoutError(APIConnectionError):
    """The service was reached and then silent for longer than `timeout`; not repeated."""


class UnexpectedAnswerError(RialtoError):
    """Something answered that does not speak as this service does: a proxy, another server."""


@dataclass(frozen=True)
class Refusal:
    """An error answer as the service told it (RFC 9457).

    status       HTTP status                    detail      the limit, and what to do
    slug         last part of the problem type  request_id  as in the service's log
    title        the same for every such error  retry_after seconds to wait, where told
    """

    status: int
    slug: str
    title: str
    detail: str
    request_id: str | None = None
    retry_after: float | None = None

    def __str__(self) -> str:
        return f"{self.status} {self.slug}: {self.detail or self.title}"


class APIStatusError(RialtoError):
    """The service refused; the fields of its `Refusal` are this error's own."""

    def __init__(self, refusal: Refusal, request_id: str | None = None) -> None:
        super().__init__(refusal, request_id or refusal.request_id)
        self.status = refusal.status
        self.slug = refusal.slug
        self.title = refusal.title
        self.detail = refusal.detail
        self.retry_after = refusal.retry_after


class BadRequestError(APIStatusError):
    """400: the request cannot be read."""


class AuthenticationError(APIStatusError):
    """401: no API key, or one that is not known."""


class PermissionDeniedError(APIStatusError):
    """403: this key may not do this."""


class NotFoundError(APIStatusError):
    """404: no such task or path, or a restoration that is no longer kept."""


class ConflictError(APIStatusError):
    """409: at odds with what the service is doing now."""


class PayloadTooLargeError(APIStatusError):
    """413: too many bytes or megapixels; `detail` names the limit."""


class UnsupportedMediaTypeError(APIStatusError):
    """415: not a photo of a format that is taken."""


class UnprocessableError(APIStatusError):
    """422: a broken photo, or a parameter out of range."""


class RateLimitedError(APIStatusError):
    """429: too much was asked; try again after `retry_after` seconds."""


class ServiceError(APIStatusError):
    """5xx: the service failed, not the request."""


class UnavailableError(ServiceError):
    """503: the line is full or no engine is there; try again after `retry_after` seconds."""


BY_STATUS: dict[int, type[APIStatusError]] = {
    400: BadRequestError,
    401: AuthenticationError,
    403: PermissionDeniedError,
    404: NotFoundError,
    409: ConflictError,
    413: PayloadTooLargeError,
    415: UnsupportedMediaTypeError,
    422: UnprocessableError,
    429: RateLimitedError,
    503: UnavailableError,
}


def status_error(refusal: Refusal) -> APIStatusError:
    """The exception of the class that belongs to the refusal's status."""
    fallback = ServiceError if refusal.status >= 500 else APIStatusError
    return BY_STATUS.get(refusal.status, fallback)(refusal)

"""The door for people: a Python client of the service, and the `rialto` command line.

`from rialto import Client, AsyncClient`; the error of each status is in `rialto.client`.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rialto.client import (
        APIConnectionError,
        APIStatusError,
        APITimeoutError,
        AsyncClient,
        Client,
        Preview,
        Progress,
        Restoration,
        RialtoError,
        verify_webhook,
    )

__all__ = [
    "APIConnectionError",
    "APIStatusError",
    "APITimeoutError",
    "AsyncClient",
    "Client",
    "Preview",
    "Progress",
    "Restoration",
    "RialtoError",
    "verify_webhook",
]


def __getattr__(name: str) -> object:
    # Every command imports this package; most of them need no HTTP client (0.2 s).
    if name in __all__:
        return getattr(import_module("rialto.client"), name)
    raise AttributeError(f"module 'rialto' has no attribute {name!r}")

"""The archive's Valkey, for keys and counters."""

from tests.service.archive.conftest import redis, valkey_url

__all__ = ["redis", "valkey_url"]

"""The policy: whether a service asks for keys at all, and which scope an address needs.

What is not named here needs a key: a new address is closed until somebody opens it.
"""

from ipaddress import ip_address

from service.auth.caller import Scope
from service.settings import AuthMode

OPEN = {"/", "/archive", "/docs", "/openapi.json", "/healthz", "/readyz"}
OPEN_BELOW = ("/web/", "/swagger/", "/problems/")
SCOPED: tuple[tuple[str, Scope], ...] = (
    ("/restore", "restore"),
    ("/restorations", "restore"),
    ("/v1/images", "restore"),
    ("/jobs", "jobs"),
    ("/metrics", "metrics"),
)


class AuthUndecided(ValueError):
    """The service would be reached from outside, and nobody said whether that needs keys."""


def keys_wanted(mode: AuthMode, host: str) -> bool:
    """Whether requests need a key. Raises AuthUndecided where that has to be said."""
    if mode == "auto" and not is_loopback(host):
        raise AuthUndecided(
            f"RIALTO_HOST={host} can be reached from other machines. Either set RIALTO_AUTH=on and"
            " make a key (rialto keys create NAME), or, where a proxy or a firewall decides who"
            " may come, RIALTO_AUTH=off-because-guarded-outside."
        )
    return mode == "on"


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches `host`."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def is_open(path: str) -> bool:
    """Whether an address is for everyone: the page, the description, the probes."""
    return path in OPEN or path.startswith(OPEN_BELOW)


def scope_of(path: str) -> Scope | None:
    """The scope that an address needs; None where any key will do."""
    for prefix, scope in SCOPED:
        if path == prefix or path.startswith(prefix + "/"):
            return scope
    return None

"""What webhooks may reach: an address and a port into yes or no.

Public addresses on the ports of HTTP and HTTPS, and whatever the operator named. The list is ours,
from IANA's registries of special-purpose addresses: Python's `is_global` says yes to multicast, to
IPv4 within IPv6, and before 3.11.10 to several reserved networks.
"""

import re
from dataclasses import dataclass
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import Final

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

WEB_PORTS: Final = frozenset({80, 443})
# Where clouds hand out credentials, refused even within a network that the operator named. Azure's
# and Oracle's would pass for public.
METADATA: Final = frozenset(
    map(
        ip_address,
        (
            "169.254.169.254",
            "169.254.170.2",
            "fd00:ec2::254",
            "168.63.129.16",
            "192.0.0.192",
            "100.100.100.200",
        ),
    )
)
_NOT_PUBLIC_4: Final = tuple(
    map(
        IPv4Network,
        (
            "0.0.0.0/8",  # this network
            "10.0.0.0/8",  # private
            "100.64.0.0/10",  # carrier-grade NAT
            "127.0.0.0/8",  # loopback
            "169.254.0.0/16",  # link-local
            "172.16.0.0/12",  # private
            "192.0.0.0/24",  # protocol assignments
            "192.0.2.0/24",  # documentation
            "192.88.99.0/24",  # 6to4 relays
            "192.168.0.0/16",  # private
            "198.18.0.0/15",  # benchmarks
            "198.51.100.0/24",  # documentation
            "203.0.113.0/24",  # documentation
            "224.0.0.0/4",  # multicast
            "240.0.0.0/4",  # reserved, and broadcast
        ),
    )
)
_GLOBAL_6: Final = IPv6Network("2000::/3")  # all that IANA has given out for public use
_NOT_PUBLIC_6: Final = tuple(
    map(
        IPv6Network,
        (
            "2001::/23",  # protocol assignments, Teredo among them
            "2001:db8::/32",  # documentation
            "2002::/16",  # 6to4, which holds any IPv4 address
            "3fff::/20",  # documentation
        ),
    )
)
_BRACKETED: Final = re.compile(r"\[([^\]]+)\](?::(.*))?")
_NAME: Final = re.compile(r"[a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?")


def address_of(text: str) -> Address:
    """An address as it is reached: IPv4 within IPv6 is IPv4. Raises ValueError."""
    address = ip_address(text)
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def is_public(address: Address) -> bool:
    """Whether it is anybody's: not this machine, its network, a group, or reserved."""
    if address in METADATA:
        return False
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _NOT_PUBLIC_4)
    return address in _GLOBAL_6 and not any(address in network for network in _NOT_PUBLIC_6)


@dataclass(frozen=True)
class Rule:
    """One permission. `place` None: every public address; `port` None: the two of the web."""

    place: str | IPv4Network | IPv6Network | None
    port: int | None

    def permits(self, host: str, address: Address, port: int) -> bool:
        """Whether `host`, found at `address`, may be reached at `port`."""
        if port not in (WEB_PORTS if self.port is None else {self.port}):
            return False
        if self.place is None:
            return is_public(address)
        if isinstance(self.place, str):
            return host == self.place and address not in METADATA
        return address in self.place and address not in METADATA


PUBLIC: Final = Rule(None, None)


def rule_of(entry: str) -> Rule:
    """An operator's entry as a rule. Raises ValueError naming it.

    host, network or address, each with or without a port: "hooks.intranet", "hooks.intranet:8443",
    "10.1.0.0/16", "10.1.0.0/16:8080", "[fd00::/8]:8080"; ":8443" is that port of public addresses.
    """
    if bracketed := _BRACKETED.fullmatch(entry):
        place, port = bracketed[1], bracketed[2] or ""
    elif entry.count(":") > 1:
        place, port = entry, ""
    else:
        place, _, port = entry.partition(":")
    if port and not (port.isascii() and port.isdigit() and 0 < int(port) < 2**16):
        raise ValueError(f"{entry!r} has no port from 1 to 65535 after the colon")
    if not place and not port:
        raise ValueError(f"{entry!r} names neither a host nor a port")
    return Rule(_place_of(entry, place) if place else None, int(port) if port else None)


def _place_of(entry: str, place: str) -> str | IPv4Network | IPv6Network:
    try:
        return ip_network(place, strict=False)
    except ValueError:
        name = place.lower().rstrip(".")
        if not _NAME.fullmatch(name):
            raise ValueError(f"{entry!r} is neither a host's name nor a network") from None
        return name

from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.archive.webhooks.reach import METADATA, address_of, is_public, rule_of

INSIDE = [
    "0.0.0.1",
    "0.255.255.255",
    "10.1.2.3",
    "100.64.0.1",
    "100.127.255.255",
    "127.0.0.1",
    "127.255.255.255",
    "169.254.1.1",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.8",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.0.1",
    "198.18.0.1",
    "198.19.255.255",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b:1::1",
    "100::1",
    "2001::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "3fff::1",
    "5f00::1",
    "fc00::1",
    "fd12::1",
    "fe80::1",
    "fec0::1",
    "ff02::1",
    "ff0e::1",
]


@pytest.mark.parametrize("address", INSIDE)
def test_no_address_inside_is_public(address: str) -> None:
    assert not is_public(address_of(address))


@pytest.mark.parametrize(
    "address", ["1.1.1.1", "100.63.255.255", "100.128.0.0", "172.32.0.0", "2606:4700::1"]
)
def test_an_address_outside_is_public(address: str) -> None:
    assert is_public(address_of(address))


@given(st.integers(0, 2**32 - 1).map(IPv4Address) | st.integers(0, 2**128 - 1).map(IPv6Address))
def test_what_python_knows_to_be_inside_is_not_public(address: IPv4Address | IPv6Address) -> None:
    if address.is_private or address.is_multicast or address.is_reserved or address.is_link_local:
        assert not is_public(address_of(str(address)))


@given(st.integers(0, 2**32 - 1).map(IPv4Address))
def test_ipv4_within_ipv6_is_judged_as_ipv4(address: IPv4Address) -> None:
    assert address_of(f"::ffff:{address}") == address


@pytest.mark.parametrize("address", sorted(map(str, METADATA)))
def test_clouds_metadata_is_refused_even_within_a_network_that_is_allowed(address: str) -> None:
    everything = rule_of("::/0" if ":" in address else "0.0.0.0/0")
    assert not everything.permits("h", ip_address(address), 80)
    assert not rule_of("h").permits("h", ip_address(address), 80)
    assert not is_public(ip_address(address))


@pytest.mark.parametrize(
    ("entry", "host", "address", "port", "permitted"),
    [
        ("hooks.intranet", "hooks.intranet", "10.0.0.1", 443, True),
        ("Hooks.Intranet.", "hooks.intranet", "10.0.0.1", 80, True),
        ("hooks.intranet", "hooks.intranet", "10.0.0.1", 6379, False),
        ("hooks.intranet", "other.intranet", "10.0.0.1", 80, False),
        ("hooks.intranet:8443", "hooks.intranet", "10.0.0.1", 8443, True),
        ("hooks.intranet:8443", "hooks.intranet", "10.0.0.1", 443, False),
        ("10.1.0.0/16", "any", "10.1.9.9", 80, True),
        ("10.1.0.0/16", "any", "10.2.0.1", 80, False),
        ("10.1.0.7/16:8080", "any", "10.1.9.9", 8080, True),
        ("fd00::/8", "any", "fd12::1", 80, True),
        ("[fd00::/8]:8080", "any", "fd12::1", 8080, True),
        ("::1", "any", "::1", 80, True),
        (":8443", "any", "1.1.1.1", 8443, True),
        (":8443", "any", "10.0.0.1", 8443, False),
    ],
)
def test_an_entry_permits_what_it_names_and_nothing_more(
    entry: str, host: str, address: str, port: int, permitted: bool
) -> None:
    assert rule_of(entry).permits(host, ip_address(address), port) is permitted


@pytest.mark.parametrize(
    "entry", ["", ":", "h:0", "h:65536", "h:x", "10.0.0.0/33", "http://h", "h/x", "[::1]x", "*"]
)
def test_an_entry_that_cannot_be_read_is_named(entry: str) -> None:
    with pytest.raises(ValueError, match=r"neither|colon") as caught:
        rule_of(entry)
    assert repr(entry) in str(caught.value)

import pytest

from service.archive.webhooks import BadWebhook, Guard
from tests.service.archive.webhooks.receiver import resolving


def guard_of(*addresses: str) -> Guard:
    """A guard without exceptions, for which every name has these addresses."""

    return Guard(resolve=resolving(addresses))


@pytest.mark.parametrize(
    "url",
    [
        "http://169.254.169.254/",
        "http://169.254.169.254./latest",
        "http://127.0.0.1/",
        "http://127.1/",
        "http://2130706433/",
        "http://0x7f.0.0.1/",
        "http://0/",
        "https://[::1]/",
        "http://[::ffff:169.254.169.254]/",
        "http://[::ffff:7f00:1]/",
        "http://[fe80::1%25lo]/",
        "http://localhost/",
        "https://10.0.0.1/",
        "http://100.64.0.1/",
    ],
)
async def test_a_url_that_leads_inside_is_refused_however_it_is_written(url: str) -> None:
    with pytest.raises(BadWebhook):
        await Guard().check(url)


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("ftp://example.com/", "https://"),
        ("file:///etc/passwd", "https://"),
        ("example.com/hook", "https://"),
        ("https://", "https://"),
        ("https://user:word@example.com/", "user and password"),
        ("https://user@example.com/", "user and password"),
        ("http://example.com/\r\nX: y", "Correct it"),
        ("http://example.com:0/", "port 0"),
        ("http://example.com:22/", "RIALTO_WEBHOOK_HOSTS"),
        ("https://example.com:8443/", "RIALTO_WEBHOOK_HOSTS"),
    ],
)
async def test_a_refusal_tells_what_to_do(url: str, told: str) -> None:
    with pytest.raises(BadWebhook, match=told) as caught:
        await guard_of("93.184.215.14").check(url)
    assert (caught.value.status, caught.value.slug) == (422, "bad-webhook")


async def test_one_address_inside_refuses_a_name_with_others_outside() -> None:
    with pytest.raises(BadWebhook, match=r"10\.0\.0\.1"):
        await guard_of("93.184.215.14", "10.0.0.1").check("https://example.com/")


async def test_a_public_name_passes_with_all_its_addresses() -> None:
    guard = guard_of("93.184.215.14", "2606:2800:21f:cb07::1", "93.184.215.14")
    passed = await guard.check("https://Exämple.com/hook?a=b")
    assert passed.addresses == ("93.184.215.14", "2606:2800:21f:cb07::1")
    request = passed.request(passed.addresses[1], {}, b"{}")
    assert str(request.url) == "https://[2606:2800:21f:cb07::1]/hook?a=b"
    assert request.headers["Host"] == "xn--exmple-cua.com"
    assert request.extensions["sni_hostname"] == "xn--exmple-cua.com"


@pytest.mark.parametrize("host", ["nowhere.invalid", "a..b", "x" * 64 + ".com"])
async def test_a_name_that_cannot_be_looked_up_is_refused(host: str) -> None:
    with pytest.raises(BadWebhook, match="cannot be looked up"):
        await Guard().check(f"https://{host}/")


async def test_a_name_without_an_address_is_refused() -> None:
    with pytest.raises(BadWebhook, match="no address"):
        await guard_of().check("https://example.com/")

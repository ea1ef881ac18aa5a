"""Log lines: for machines or for people, with the ids, without secrets."""

import json
import logging

import pytest

from service.auth.caller import Limits
from service.auth.key import ApiKey
from service.observe.context import request_id, traceparent
from service.observe.logs import JsonLines, TextLines

FORMATS = [JsonLines(), TextLines()]


def record(message: str, *given: object, **more: object) -> logging.LogRecord:
    made = logging.LogRecord("rialto.test", logging.WARNING, "f.py", 1, message, given, None)
    made.__dict__.update(more)
    return made


@pytest.mark.parametrize("form", FORMATS)
def test_a_line_carries_the_ids_of_its_request(form: logging.Formatter) -> None:
    before = request_id.set("r-1"), traceparent.set(f"00-{'a' * 32}-{'b' * 16}-01")
    try:
        line = form.format(record("slow"))
    finally:
        request_id.reset(before[0])
        traceparent.reset(before[1])
    assert "r-1" in line
    assert "a" * 32 in line
    assert "r-1" not in form.format(record("slow"))


@pytest.mark.parametrize("form", FORMATS)
def test_a_key_is_blotted_out_wherever_it_comes_from(form: logging.Formatter) -> None:
    _, token = ApiKey.mint("a", frozenset({"jobs"}), Limits(), 0.0, None)
    try:
        raise ValueError(f"with {token}")
    except ValueError as error:
        failed = (ValueError, error, error.__traceback__)
    line = form.format(record("given %s", token, exc_info=failed, fields={"key": token}))
    assert token[20:] not in line
    assert token[:19] in line  # which key it was may be known


def test_json_is_one_line_whatever_is_said() -> None:
    line = JsonLines().format(record("two\nlines “ü” %s", {1}, fields={"status": 503}))
    assert "\n" not in line
    told = json.loads(line)
    assert told["message"] == "two\nlines “ü” {1}"
    assert (told["level"], told["logger"], told["status"]) == ("warning", "rialto.test", 503)

import pickle

from rialto.client import APIConnectionError, RateLimitedError, Refusal, RialtoError
from rialto.client.errors import BY_STATUS, status_error


def test_each_status_has_a_class_of_its_own_under_one_root() -> None:
    for status, kind in BY_STATUS.items():
        error = status_error(Refusal(status, "slug", "Title", "detail", "id"))
        assert type(error) is kind
        assert isinstance(error, RialtoError)
        assert error.request_id == "id"
    assert len(set(BY_STATUS.values())) == len(BY_STATUS)


def test_errors_survive_the_way_between_processes() -> None:
    refused = RateLimitedError(Refusal(429, "too-many", "Too many", "Wait.", "id", 2.0))
    for error in (refused, APIConnectionError("gone", "id")):
        again = pickle.loads(pickle.dumps(error))  # noqa: S301 -- our own bytes
        assert (type(again), vars(again), str(again)) == (type(error), vars(error), str(error))

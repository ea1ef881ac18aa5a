import pytest

from bridge.contract import PresetCard
from service.engine.repository import RepositoryError
from service.tasks import BadPlan, Choice, NoSuchTask, Tasks
from tests.bridge.cards import card

FAITHFUL = card(name="sr", task="sr", presets={"fast": PresetCard(steps=1)})
DETAILED = card(name="sr-detail", task="sr", presets={"best": PresetCard(steps=9, eta=0.5)})
TASKS = Tasks(lambda: {"sr": FAITHFUL, "sr-detail": DETAILED})


def test_a_task_is_all_networks_that_name_it() -> None:
    assert TASKS.choose(Choice("sr", "fast")).card.name == "sr"
    chosen = TASKS.choose(Choice("sr", "best"))
    assert chosen.card.name == "sr-detail"
    assert str(chosen.plan) == "dbim;steps=9;grid=quadratic;eta=0.5"


def test_what_the_caller_says_stands_before_the_preset() -> None:
    plan = TASKS.choose(Choice("sr", "best", steps=3, grid="uniform", eta=0.0)).plan
    assert str(plan) == "dbim;steps=3;grid=uniform;eta=0"


def test_an_unknown_task_names_those_there_are() -> None:
    with pytest.raises(NoSuchTask, match="there are sr"):
        TASKS.choose(Choice("colourise"))


def test_a_preset_or_plan_that_the_task_lacks_is_refused() -> None:
    with pytest.raises(BadPlan, match="no preset balanced"):
        TASKS.choose(Choice("sr", "balanced"))
    with pytest.raises(BadPlan, match="stochastic"):
        TASKS.choose(Choice("sr", sampler="ot-ode"))


def test_presets_stand_by_their_faith_whatever_their_networks_are_called() -> None:
    networks = {"a": DETAILED, "z": FAITHFUL}
    (told,) = Tasks(lambda: networks).document()["tasks"]
    assert list(told["presets"]) == ["fast", "best"]


def test_two_networks_may_not_claim_one_preset() -> None:
    with pytest.raises(RepositoryError, match="both claim"):
        Tasks(lambda: {"a": card(name="a", task="sr"), "b": card(name="b", task="sr")})


def test_a_version_that_went_live_is_chosen_from_the_next_photo_on() -> None:
    cards = {"sr": FAITHFUL}
    tasks = Tasks(lambda: dict(cards))
    assert tasks.choose(Choice("sr")).card == FAITHFUL
    cards["sr"] = newer = FAITHFUL.model_copy(update={"weights_sha256": "1" * 64})
    assert tasks.choose(Choice("sr")).card == newer
    assert tasks.document()["tasks"][0]["networks"][0]["weights_sha256"] == "1" * 64


def test_networks_that_come_to_claim_one_preset_leave_the_tasks_as_they_were(
    caplog: pytest.LogCaptureFixture,
) -> None:
    cards = {"sr": FAITHFUL}
    tasks = Tasks(lambda: dict(cards))
    cards["rival"] = card(name="rival", task="sr")
    for _ in range(3):
        assert tasks.choose(Choice("sr")).card == FAITHFUL
    assert len(caplog.records) == 1

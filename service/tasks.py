"""Which tasks there are, and what a preset means: read from the networks' cards alone."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bridge.contract import PRESETS, GridName, NetworkCard, PresetCard, PresetName, SamplerName
from bridge.plan import Plan, plan_for
from service.engine.repository import RepositoryError
from service.problems import Problem

log = logging.getLogger("rialto.tasks")

Presets = dict[str, dict[PresetName, NetworkCard]]


class NoSuchTask(Problem):
    """No loaded network names the task."""

    status = 404
    slug = "no-such-task"
    title = "There is no such task"


class BadPlan(Problem):
    """The task's network was not made for the sampler, steps or preset that were asked for."""

    status = 422
    slug = "bad-plan"
    title = "The network cannot run this plan"


@dataclass(frozen=True)
class Choice:
    """What the caller said of the plan; None where nothing was said."""

    task: str
    preset: PresetName = "fast"
    steps: int | None = None
    sampler: SamplerName | None = None
    grid: GridName | None = None
    eta: float | None = None


@dataclass(frozen=True)
class Chosen:
    """A network and the plan it is walked by."""

    card: NetworkCard
    plan: Plan


class Tasks:
    """The tasks of the networks that `cards` names, asked anew for each photo.

    So a version that went live is chosen from the next photo on. Raises RepositoryError where
    two networks claim one preset; where they do so later, what was offered before stays.
    """

    def __init__(self, cards: Callable[[], dict[str, NetworkCard]]) -> None:
        self._ask = cards
        self._cards = cards()
        self._offered = presets_of(self._cards)

    @property
    def _tasks(self) -> Presets:
        if (cards := self._ask()) != self._cards:
            self._cards = cards
            try:
                self._offered = presets_of(cards)
            except RepositoryError as error:
                log.warning("the tasks stay as they were: %s", error)
        return self._offered

    def choose(self, choice: Choice) -> Chosen:
        """Resolve the caller's choice; raises NoSuchTask or BadPlan."""
        tasks = self._tasks
        if (presets := tasks.get(choice.task)) is None:
            raise NoSuchTask(f"No task {choice.task!r}; there are {', '.join(tasks)}.")
        card = presets.get(choice.preset)
        if card is None:
            raise BadPlan(f"{choice.task} has no preset {choice.preset}; it has {list(presets)}.")
        preset = card.presets[choice.preset]
        try:
            plan = plan_for(
                card,
                choice.sampler or preset.sampler,
                choice.steps or preset.steps,
                grid=choice.grid or preset.grid,
                eta=preset.eta if choice.eta is None else choice.eta,
            )
        except ValueError as error:
            raise BadPlan(f"{error}.") from error
        return Chosen(card, plan)

    def document(self) -> dict[str, Any]:
        """The body of `GET /tasks`."""
        return {"tasks": [self._task(task, presets) for task, presets in self._tasks.items()]}

    def _task(self, task: str, presets: dict[PresetName, NetworkCard]) -> dict[str, Any]:
        cards = {card.name: card for card in presets.values()}
        first = next(iter(cards.values()))
        return {
            "task": task,
            "title": first.title,
            "scale": first.scale,
            "takes_mask": first.takes_mask,
            "presets": {
                name: {"network": card.name, **_preset(card.presets[name])}
                for name, card in presets.items()
            },
            "networks": [
                {
                    "name": card.name,
                    "weights_sha256": card.weights_sha256,
                    "parameters": card.parameters,
                    "licence": card.licence,
                    "limits": list(card.limits),
                }
                for card in cards.values()
            ],
        }


def presets_of(cards: dict[str, NetworkCard]) -> Presets:
    """Networks by task and preset, the most faithful first.

    Raises RepositoryError where two claim one.
    """
    tasks: Presets = {}
    for card in cards.values():
        presets = tasks.setdefault(card.task, {})
        for name in card.presets:
            if name in presets:
                other = presets[name].name
                raise RepositoryError(
                    f"networks {other} and {card.name} both claim {card.task}'s preset {name}"
                )
            presets[name] = card
    return {
        task: {name: presets[name] for name in PRESETS if name in presets}
        for task, presets in tasks.items()
    }


def _preset(preset: PresetCard) -> dict[str, Any]:
    return preset.model_dump(mode="json")

"""Which tasks there are, and what a preset means: read from the networks' cards alone."""

from dataclasses import dataclass
from typing import Any

from bridge.contract import GridName, NetworkCard, PresetCard, PresetName, SamplerName
from bridge.plan import Plan, plan_for
from service.engine.repository import RepositoryError
from service.problems import Problem


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
    """The tasks of a set of networks. Raises RepositoryError where two claim one preset."""

    def __init__(self, cards: dict[str, NetworkCard]) -> None:
        self._cards = cards
        self._presets: dict[str, dict[PresetName, NetworkCard]] = {}
        for card in cards.values():
            presets = self._presets.setdefault(card.task, {})
            for name in card.presets:
                if name in presets:
                    other = presets[name].name
                    raise RepositoryError(
                        f"networks {other} and {card.name} both claim {card.task}'s preset {name}"
                    )
                presets[name] = card

    def choose(self, choice: Choice) -> Chosen:
        """Resolve the caller's choice; raises NoSuchTask or BadPlan."""
        presets = self._presets.get(choice.task)
        if presets is None:
            raise NoSuchTask(f"No task {choice.task!r}; there are {', '.join(self._presets)}.")
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
        return {"tasks": [self._task(task, presets) for task, presets in self._presets.items()]}

    def _task(self, task: str, presets: dict[PresetName, NetworkCard]) -> dict[str, Any]:
        cards = {card.name: card for card in presets.values()}
        first = next(iter(cards.values()))
        return {
            "task": task,
            "title": first.title,
            "scale": first.scale,
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


def _preset(preset: PresetCard) -> dict[str, Any]:
    return preset.model_dump(mode="json")

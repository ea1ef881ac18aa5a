"""What a Triton serves, as cards: read from its own model configs, so no files are needed."""

from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError
from tritonclient.grpc.aio import InferenceServerClient

from bridge.contract import METADATA_KEY, OUTPUT, NetworkCard
from service.engine import Priority
from service.engine.repository import RepositoryError

DATATYPES = {"TYPE_FP32": "FP32", "TYPE_FP16": "FP16"}


@dataclass(frozen=True)
class Served:
    """One version of a network: its card, its largest batch, each tensor's type by name.

    priorities   Triton itself lets people's tiles pass the archive's
    """

    card: NetworkCard
    version: str
    max_batch: int
    datatypes: dict[str, str]
    priorities: bool = False

    @property
    def key(self) -> str:
        """Its card's."""
        return self.card.key


async def versions_served(client: InferenceServerClient, seconds: float) -> set[tuple[str, str]]:
    """(model, version) of everything that is ready."""
    index = await client.get_model_repository_index(client_timeout=seconds)
    return {(one.name, one.version or "1") for one in index.models if one.state == "READY"}


async def read_networks(client: InferenceServerClient, seconds: float) -> dict[str, Served]:
    """Every network by name and by `name@hash`.

    The name means the newest version, save for those that have a card of their own in the
    config: they are kept for photos that began with them. Models without a card are not ours
    and are passed over. Raises RepositoryError for a card that cannot be read or that its
    config contradicts, InferenceServerException else.
    """
    networks: dict[str, Served] = {}
    ready = await versions_served(client, seconds)
    for name, version in sorted(ready, key=lambda one: (one[0], int(one[1]))):
        answer = await client.get_model_config(name, version, client_timeout=seconds)
        if (served := served_by(answer.config, version)) is not None:
            networks[served.key] = served
            if f"{METADATA_KEY}@{version}" not in answer.config.parameters:
                networks[name] = served
    return networks


def _card_text(config: Any, version: str) -> str | None:
    """The card of this version, where the config names one, else the one for all."""
    for key in (f"{METADATA_KEY}@{version}", METADATA_KEY):
        if key in config.parameters:
            return str(config.parameters[key].string_value)
    return None


def served_by(config: Any, version: str) -> Served | None:
    """A `ModelConfig` as a network, or None where it carries no card; raises RepositoryError."""
    if (document := _card_text(config, version)) is None:
        return None
    where = f"Triton's config of {config.name} version {version}"
    try:
        card = NetworkCard.model_validate_json(document)
    except ValidationError as error:
        raise RepositoryError(f"{where} has a card this version cannot read: {error}") from error
    if card.name != config.name:
        raise RepositoryError(f"{where} carries the card of {card.name}; export it again")
    tensors = {one.name: DATATYPES.get(_type_name(one)) for one in (*config.input, *config.output)}
    if set(tensors) != {*card.inputs, OUTPUT}:
        raise RepositoryError(
            f"{where} takes and gives {sorted(tensors)}, its card {[*card.inputs, OUTPUT]};"
            " export it again"
        )
    types = {name: datatype for name, datatype in tensors.items() if datatype is not None}
    if len(types) < len(tensors):
        raise RepositoryError(f"{where} has tensors that are neither FP32 nor FP16")
    if config.max_batch_size < 1:
        raise RepositoryError(f"{where} allows no batches: max_batch_size must be 1 or more")
    priorities = config.dynamic_batching.priority_levels >= len(Priority)
    return Served(card, version, config.max_batch_size, types, priorities)


def _type_name(tensor: Any) -> str:
    field = tensor.DESCRIPTOR.fields_by_name["data_type"]
    return str(field.enum_type.values_by_number[tensor.data_type].name)

"""A version goes live, and back, while photos are being walked: none is lost, none is mixed."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from bridge.contract import Tile
from export.model_repo import write_texts
from export.onnx_file import save_network
from rialto.commands import models
from rialto.commands.models import Models, ModelsError
from service.engine.triton import TritonEngine, engine
from service.telemetry import Telemetry
from tests.bridge.cards import card
from tests.service.engine.conftest import LiveTriton, tiny_repository, triton_on
from tests.service.engine.tiny import tiny_network

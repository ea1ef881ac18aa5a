import argparse
import pickle
from pathlib import Path

import pytest

from export.nvlabs import CheckpointError
from export.nvlabs.options import read_options
from tests.export.nvlabs.checkpoints import (
    Touch,
    options,
)


@pytest.mark.parametrize("protocol", [0, 1, 2, 3, 4, 5])
def test_options_that_try_to_run_code_are_refused(tmp_path: Path, protocol: int) -> None:
    trap = tmp_path / "ran"
    file = tmp_path / "options.pkl"
    file.write_bytes(pickle.dumps(options(name=Touch(trap)), protocol=protocol))
    with pytest.raises(CheckpointError, match="refused"):
        read_options(file)
    assert not trap.exists()
    pickle.loads(file.read_bytes())  # noqa: S301  # the trap is one: a plain unpickler falls into it
    assert trap.exists()


@pytest.mark.parametrize(
    "asked",
    [
        b"\x80\x04\x8c\x08argparse\x8c\x1cNamespace.__init__.__globals__\x93.",
        b"\x80\x04\x8c\x08builtins\x8c\x04eval\x93\x8c\x041+1\x85R.",
        b"cbuiltins\ngetattr\n.",
        b"ctorch.serialization\nload\n(S'x'\ntR.",
        b"\x80\x04\x8c\x07pathlib\x8c\x02os\x93.",
        b"(S'x'\nios\nsystem\n.",
        b"\x80\x02\x82\x01.",
        b"P42\n.",
    ],
)
def test_nothing_but_a_namespace_and_paths_can_be_named(tmp_path: Path, asked: bytes) -> None:
    file = tmp_path / "options.pkl"
    file.write_bytes(asked)
    with pytest.raises(CheckpointError):
        read_options(file)


@pytest.mark.parametrize("content", [b"", b"junk", pickle.dumps({"corrupt": "jpeg-5"})])
def test_a_file_that_holds_no_options_is_refused(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "options.pkl"
    file.write_bytes(content)
    with pytest.raises(CheckpointError, match=r"no pickle of options|no argparse\.Namespace"):
        read_options(file)


def test_what_one_options_file_does_to_its_class_another_never_sees(tmp_path: Path) -> None:
    file = tmp_path / "options.pkl"
    # BUILD upon the class itself: (None, {"corrupt": "jpeg-5"}) is set as attributes of it.
    file.write_bytes(
        b"\x80\x04\x8c\x08argparse\x8c\x09Namespace\x93N}\x8c\x07corrupt\x8c\x06jpeg-5s\x86b."
    )
    with pytest.raises(CheckpointError, match=r"no argparse\.Namespace"):
        read_options(file)
    file.write_bytes(pickle.dumps(argparse.Namespace()))
    with pytest.raises(CheckpointError, match="corrupt: Field required"):
        read_options(file)


def test_a_secret_among_the_options_is_left_behind(tmp_path: Path) -> None:
    file = tmp_path / "options.pkl"
    file.write_bytes(pickle.dumps(options(), protocol=4))
    assert read_options(file).corrupt == "jpeg-10"
    assert "secret" not in str(read_options(file))

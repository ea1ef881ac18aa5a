import pickle
from pathlib import Path

import pytest

from bridge import perceptual_weights
from bridge.perceptual_weights import WEIGHTS, WeightsError, dists_weights, lpips_weights


class Evil:
    """A pickle that would run a command as it is read."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return print, ("this pickle ran",)


def test_a_missing_file_is_named_with_the_command_that_fetches_it(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"alexnet\.ckpt is missing; `make metrics`"):
        lpips_weights("alex", tmp_path)


def test_a_file_of_another_hash_is_refused_before_it_is_read(tmp_path: Path) -> None:
    (tmp_path / "weights.pt").write_bytes(pickle.dumps(Evil()))
    with pytest.raises(WeightsError, match="wrong SHA-256"):
        dists_weights(tmp_path)


def test_a_pickle_of_anything_but_arrays_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    evil = tmp_path / "alexnet.ckpt"
    evil.write_bytes(pickle.dumps(Evil()))
    digest = perceptual_weights.sha256(evil.read_bytes()).hexdigest()
    monkeypatch.setitem(WEIGHTS, "alexnet.ckpt", digest)  # even where the hash were right
    with pytest.raises(pickle.UnpicklingError, match=r"builtins\.print"):
        lpips_weights("alex", tmp_path)
    assert capsys.readouterr().out == ""

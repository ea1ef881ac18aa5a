"""NVIDIA's pytriton wheel as a box of binaries: tritonserver, its libraries, its Python stub.

The wheel lies in a virtual environment of its own (`make triton`), whose numpy is the old one
that Triton's Python backend needs. Nothing of it is imported here.
"""

import os
from dataclasses import dataclass
from pathlib import Path

from bridge.cache import cache_folder


class TritonError(Exception):
    """No Triton can be run; the message says what to do."""


@dataclass(frozen=True)
class Wheel:
    """An installed wheel: `site` is the site-packages folder below the environment `venv`."""

    venv: Path
    site: Path

    @classmethod
    def find(cls, venv: Path | None = None) -> "Wheel":
        """The wheel in `venv`, or where `make triton` puts it; raises TritonError."""
        venv = venv or cache_folder("triton-venv")
        for site in venv.glob("lib/python3.*/site-packages"):
            if (site / "pytriton" / "tritonserver" / "bin" / "tritonserver").exists():
                return cls(venv, site)
        raise TritonError(f"no Triton in {venv}: run `make triton`, or deploy/triton/install.sh")

    @property
    def server(self) -> Path:
        """The tritonserver binary."""
        return self._files / "bin" / "tritonserver"

    @property
    def caches(self) -> Path:
        """Triton's response caches, which it looks for at start."""
        return self._files / "caches"

    @property
    def _files(self) -> Path:
        return self.site / "pytriton" / "tritonserver"

    def lay_out_backends(self, folder: Path) -> None:
        """Make `folder` Triton's backend directory, with the stub of the venv's own Python."""
        python = folder / "python"
        python.mkdir(parents=True)
        version = self.site.parent.name.removeprefix("python")
        stub = self._files / "python_backend_stubs" / version / "triton_python_backend_stub"
        backend = self._files / "backends" / "python"
        names = "libtriton_python.so", "triton_python_backend_utils.py"
        for source in (*(backend / name for name in names), stub):
            (python / source.name).symlink_to(source)

    def environment(self, threads: int) -> dict[str, str]:
        """This process's environment, with the venv first and the wheel's libraries found.

        The stub takes the `python3` that comes first on PATH; its libpython is the base
        interpreter's, where that was built with one.
        """
        environment = {k: v for k, v in os.environ.items() if k not in _OTHER_PYTHON}
        base = (self.venv / "bin" / "python3").resolve().parents[1] / "lib"
        libraries = [self.site / "nvidia_pytriton.libs", base]
        path = [str(self.venv / "bin"), environment.get("PATH", "")]
        library_path = [*map(str, libraries), environment.get("LD_LIBRARY_PATH", "")]
        return {
            **environment,
            "PATH": ":".join(filter(None, path)),
            "LD_LIBRARY_PATH": ":".join(filter(None, library_path)),
            "RIALTO_THREADS": str(threads),
            "ORT_DISABLE_TELEMETRY": "1",  # see `service`
        }


_OTHER_PYTHON = {"PYTHONHOME", "PYTHONPATH", "VIRTUAL_ENV"}

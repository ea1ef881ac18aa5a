"""A model repository as Triton's Python backend wants it: links to ours, plus one model.py.

<links>/<name>/config.pbtxt, configs/   links to the network's own
<links>/<name>/<version>/model.onnx     link; external weights beside it too
<links>/<name>/<version>/model.py       link to deploy/triton/model.py, which runs any network
"""

import shutil
from pathlib import Path

MODEL = Path(__file__).parents[2] / "deploy" / "triton" / "model.py"


def mirror(repository: Path, links: Path, model: Path = MODEL) -> None:
    """Make `links` show what `repository` holds now; what is gone there goes here.

    Links that stand are left alone, so it may run while Triton serves from `links`.
    """
    networks = {path.parent.name: path.parent for path in repository.glob("*/config.pbtxt")}
    _drop_others(links, set(networks))
    for name, folder in networks.items():
        versions = {path.name: path for path in folder.iterdir() if path.name.isdigit()}
        texts = {path.name: path for path in (folder / "config.pbtxt", folder / "configs")}
        (links / name).mkdir(exist_ok=True)
        _drop_others(links / name, {*versions, *texts})
        _link(links / name, texts)
        for version, files in versions.items():
            (links / name / version).mkdir(exist_ok=True)
            wanted = {path.name: path for path in files.iterdir() if path.name != model.name}
            _drop_others(links / name / version, {*wanted, model.name})
            _link(links / name / version, {**wanted, model.name: model})


def _link(folder: Path, wanted: dict[str, Path]) -> None:
    for name, target in wanted.items():
        if not (folder / name).is_symlink():
            (folder / name).symlink_to(target.resolve())


def _drop_others(folder: Path, names: set[str]) -> None:
    for path in list(folder.iterdir()):
        if path.name not in names:
            path.unlink() if path.is_symlink() else shutil.rmtree(path)

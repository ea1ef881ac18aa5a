import subprocess
import sys

import pytest

import rialto


def test_every_exported_name_is_there_and_no_other() -> None:
    for name in rialto.__all__:
        assert getattr(rialto, name).__name__ == name
    with pytest.raises(AttributeError, match="Cleint"):
        rialto.Cleint  # noqa: B018


def test_commands_that_need_no_client_do_not_load_one() -> None:
    modules = "rialto.commands.restore, rialto.commands.photos"
    code = f"import sys, {modules}; sys.exit('httpx2' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0

"""Azure's blob storage as Microsoft emulates it: Azurite from npm, on loopback (`make azurite`)."""

import base64
import hashlib
import hmac
import subprocess
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path

import httpx2

from bridge.cache import cache_folder

ACCOUNT = "devstoreaccount1"
# The key that every Azurite has, by its documentation.
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
VERSION = "2021-12-02"


@dataclass
class Azurite:
    """An emulated account with the container `photos`."""

    folder: Path
    port: int
    process: subprocess.Popen[str] | None = field(default=None, repr=False)

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}/{ACCOUNT}"

    def start(self) -> None:
        """Returns when a blob could be put."""
        program = cache_folder("azurite") / "node_modules/.bin/azurite-blob"
        assert program.exists(), "make azurite"
        options = ["--blobHost", "127.0.0.1", "--blobPort", str(self.port), "--disableTelemetry"]
        options += ["--location", str(self.folder), "--skipApiVersionCheck"]
        self.process = subprocess.Popen([program, *options], stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if "successfully listens" in line:
                break
        self._make_container()

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.communicate()

    def _make_container(self) -> None:
        """By the REST call "Create Container", signed with the shared key."""
        date = format_datetime(datetime.now(UTC), usegmt=True)
        headers = f"x-ms-date:{date}\nx-ms-version:{VERSION}"
        resource = f"/{ACCOUNT}/{ACCOUNT}/photos\nrestype:container"
        text = "PUT" + "\n" * 12 + f"{headers}\n{resource}"
        digest = hmac.new(base64.b64decode(KEY), text.encode(), hashlib.sha256).digest()
        authorization = f"SharedKey {ACCOUNT}:{base64.b64encode(digest).decode()}"
        httpx2.put(
            f"{self.endpoint}/photos?restype=container",
            headers={"x-ms-date": date, "x-ms-version": VERSION, "Authorization": authorization},
        ).raise_for_status()

    def access(self) -> dict[str, str]:
        """The environment by which obstore finds it."""
        return {
            "AZURE_STORAGE_ACCOUNT_NAME": ACCOUNT,
            "AZURE_STORAGE_ACCOUNT_KEY": KEY,
            "AZURE_STORAGE_ENDPOINT": self.endpoint,
            "AZURE_ALLOW_HTTP": "true",
        }

"""A real S3 server: SeaweedFS from its wheel, on loopback."""

import json
import os
import signal
import subprocess
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from sys import executable

import obstore
from obstore.store import S3Store

IDENTITY = {
    "name": "rialto",
    "credentials": [{"accessKey": "key", "secretKey": "secret"}],
    "actions": ["Admin", "Read", "Write", "List"],
}
PARTS = ("master", "volume", "filer", "s3")


@dataclass
class Weed:
    """A SeaweedFS server: what it stores stays in `folder`, whatever happens to the process."""

    folder: Path
    ports: list[int]
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.ports[6]}"

    def start(self) -> None:
        """Returns when a blob could be put."""
        options = ["-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-filer", "-s3", f"-dir={self.folder}"]
        options += ["-master.volumeSizeLimitMB=64", "-volume.max=0", f"-s3.config={self._config()}"]
        options += ["-s3.port.iceberg=0", "-s3.port.lance=0"]
        for part, port, grpc in zip(PARTS, self.ports[::2], self.ports[1::2], strict=True):
            options += [f"-{part}.port={port}", f"-{part}.port.grpc={grpc}"]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [Path(executable).with_name("weed"), "server", *options],
                stdout=log,
                stderr=log,
                env={**os.environ, "GOMEMLIMIT": "200MiB"},
            )
        pace = timedelta(milliseconds=100)
        store = S3Store(
            "photos",
            config={"access_key_id": "key", "secret_access_key": "secret"},
            endpoint=self.endpoint,
            client_options={"allow_http": True, "timeout": timedelta(seconds=2)},
            retry_config={
                "max_retries": 1000,
                "retry_timeout": timedelta(seconds=60),
                "backoff": {"init_backoff": pace, "max_backoff": pace},
            },
        )
        obstore.put(store, "ready", b"yes")

    def signal(self, number: int) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    def kill(self) -> None:
        self.signal(signal.SIGKILL)
        assert self.process is not None
        self.process.wait()

    def _config(self) -> Path:
        config = self.folder / "s3.json"
        config.write_text(json.dumps({"identities": [IDENTITY]}))
        return config


def access(endpoint: str) -> dict[str, str]:
    """The environment by which obstore finds the server at `endpoint`."""
    return {
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_ENDPOINT": endpoint,
        "AWS_REGION": "us-east-1",
        "AWS_ALLOW_HTTP": "true",
    }

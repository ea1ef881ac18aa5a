"""Who listens for the end of jobs, and believes only what is signed.

WEBHOOK_SECRET=whsec_… python examples/receive_webhook.py --port 9000
"""

import argparse
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from rialto import verify_webhook
from rialto.client import WebhookVerificationError

SECRETS = os.environ["WEBHOOK_SECRET"].split(",")  # two while one replaces the other
seen: set[str] = set()


class Receiver(BaseHTTPRequestHandler):
    """204 for an event, 400 for anything else."""

    def do_POST(self) -> None:
        """Verify first; a delivery may come twice, and counts once by its id."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        try:
            event = verify_webhook(body, dict(self.headers.items()), SECRETS)
        except WebhookVerificationError as error:
            self.send_error(400, str(error))
            return
        if self.headers["webhook-id"] not in seen:
            seen.add(self.headers["webhook-id"])
            job = event.data
            print(f"{event.type} {job.id}: {job.counts.restored} restored", flush=True)
        self.send_response(204)
        self.end_headers()


parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--port", type=int, default=9000)
server = ThreadingHTTPServer(("127.0.0.1", parser.parse_args().port), Receiver)
print(f"listening on http://127.0.0.1:{server.server_port}", flush=True)
server.serve_forever()

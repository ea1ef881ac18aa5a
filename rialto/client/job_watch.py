"""The events of a job become jobs as they stand and, with the last, an answer."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from pydantic import ValidationError

from rialto.client.answer import Answer, unexpected
from rialto.client.call import Call
from rialto.client.job_records import Job

OnChange = Callable[[Job], None]


@dataclass
class JobWatch:
    """A listener to `GET /jobs/{id}/events`; it goes on behind the last event that it heard.

    events  how many have come, the first of each connection left out: a service that says one
            thing and hangs up is failing
    """

    on_change: OnChange | None = None
    last_event: str = field(default="", init=False)
    events: int = field(default=0, init=False)
    _connected: bool = field(default=False, init=False)

    def hear(self, name: str, data: str, key: str, head: Answer) -> Answer | None:
        """Take one event; returns the answer with the job once that has ended."""
        self.events += self._connected
        self._connected = True
        self.last_event = key or self.last_event
        if name != "progress":
            return None
        try:
            job = Job.model_validate_json(data)
        except ValidationError as error:
            raise unexpected(head, f"a job that cannot be read: {data[:200]}") from error
        if self.on_change is not None:
            self.on_change(job)
        return replace(head, body=data.encode(), is_event=True) if job.ended else None

    def resumed(self, call: Call) -> Call:
        """The same call, behind the last event."""
        self._connected = False
        if not self.last_event:
            return call
        return replace(call, headers=call.headers | {"Last-Event-ID": self.last_event})

    def farewell(self) -> None:
        """Nothing: a job goes on without those who watch it."""

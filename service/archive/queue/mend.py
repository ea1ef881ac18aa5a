"""Mend: a job's manifest held against its places and counters, and put right where they differ.

Every move is atomic, so there should never be anything to mend; what an operator's hand, a restored
backup or a fault of ours has lost is found here all the same.
"""

import re
from collections import Counter
from dataclasses import dataclass, field

from service.archive.queue.scripts import Scripted

AT_ONCE = 1000
# A record is JSON of ours; within its texts a quotation mark has a backslash before it.
STATE = re.compile(r'"state":"(\w+)"')
COUNTED = ("total", "waiting", "active", "delayed", "restored", "failed")


@dataclass
class _Audit:
    """A job as it was stored, its photos by state, and names not seen where their state says."""

    stored: dict[str, str]
    counts: Counter[str] = field(default_factory=Counter)
    suspects: list[str] = field(default_factory=list)

    def miscounted(self) -> bool:
        return any(int(self.stored[name]) != self.counts[name] for name in COUNTED)

    def corrections(self) -> list[str | int]:
        """What `recount` is given: each counter's name, what it was, and what it should be."""
        given: list[str | int] = ["takes", self.stored["takes"], self.stored["takes"]]
        for name in COUNTED:
            given += [name, self.stored[name], self.counts[name]]
        return given


class Mending(Scripted):
    """What the caretaker calls on every job that has not ended."""

    async def mend(self, job_id: str) -> int:
        """Put photos that are in no place in line again, and recount; returns how many were.

        Counters are set only where nothing moved during the count: the next round comes soon. A job
        that has ended, or is not there, is left alone.
        """
        audit = await self._audit(job_id)
        if audit is None:
            return 0
        mended = 0
        for start in range(0, max(len(audit.suspects), 1), AT_ONCE):
            names = audit.suspects[start : start + AT_ONCE]
            mended += await self._run("mend", job_id, *names)
        if mended:
            audit = await self._audit(job_id)
        if audit is not None and audit.miscounted():
            await self._run("recount", job_id, *audit.corrections())
        return mended

    async def _audit(self, job_id: str) -> _Audit | None:
        """Counters, lines, then records: what moves meanwhile looks suspect rather than right."""
        stored = await self._send("HGETALL", self._rules.key("job", job_id))
        if not stored or "ended" in stored:
            return None
        audit = _Audit(stored)
        in_line = set(await self._all(self._rules.key("job", job_id, "line")))
        failed = set(await self._send("SMEMBERS", self._rules.key("job", job_id, "failed")))
        names = await self._all(self._rules.key("job", job_id, "names"))
        for start in range(0, len(names), AT_ONCE):
            states = await self._states(job_id, names[start : start + AT_ONCE])
            audit.counts.update(states.values())
            away = await self._without_lease_or_date(job_id, states)
            audit.suspects += [
                name
                for name, state in states.items()
                if (state == "waiting" and name not in in_line)
                or (state == "failed" and name not in failed)
                or name in away
            ]
        audit.counts["total"] = len(names)
        return audit

    async def _all(self, key: str) -> list[str]:
        items: list[str] = []
        while some := await self._send("LRANGE", key, len(items), len(items) + 10 * AT_ONCE - 1):
            items += some
        return items

    async def _states(self, job_id: str, names: list[str]) -> dict[str, str]:
        texts = await self._send("HMGET", self._rules.key("job", job_id, "photos"), *names)
        found = ((name, STATE.search(text or "")) for name, text in zip(names, texts, strict=True))
        return {name: state[1] for name, state in found if state is not None}

    async def _without_lease_or_date(self, job_id: str, states: dict[str, str]) -> set[str]:
        away: set[str] = set()
        for state, place in (("active", "leases"), ("delayed", "due")):
            names = [name for name, found in states.items() if found == state]
            if names:
                members = [f"{job_id}/{name}" for name in names]
                scores = await self._send("ZMSCORE", self._rules.key(place), *members)
                away |= {n for n, score in zip(names, scores, strict=True) if score is None}
        return away

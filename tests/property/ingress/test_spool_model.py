"""A spool beside a plain list: it holds what was accepted, in order, whatever is read, refused, ended and killed."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Literal

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingress.envelope import Address, LogEntry
from ingress.errors import SpoolFailedError, SpoolFullError
from ingress.metrics import Metrics
from ingress.spool.settings import SpoolSettings
from ingress.spool.spool import Spool

Step = Literal["write", "large", "drain", "read", "end", "kill", "tear", "break"]
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["write", "write", "large", "drain", "drain", "read", "end", "kill", "tear", "break"]),
        st.integers(1, 20),
    ),
    max_size=30,
)
MAX_BYTES = 700_000


def entries(start: int, count: int, size: int) -> list[LogEntry]:
    address = Address("t", "call", "c")
    return [LogEntry(f"{start + number:06}", address, "webhook", 1, bytes(size)) for number in range(count)]


class Model:
    """The spool, and the ids that it accepted and that have not been acknowledged."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.spool = self.opened()
        self.waiting: list[str] = []
        self.acknowledged: list[str] = []
        self.made = 0

    def opened(self) -> Spool:
        spool = Spool(SpoolSettings(self.path, "never", 100, MAX_BYTES), Metrics())
        spool.open()
        return spool

    def files(self) -> list[Path]:
        return sorted(self.path.glob("*.spool"))

    async def write(self, count: int, size: int) -> None:
        new = entries(self.made, count, size)
        self.made += count
        try:
            await self.spool.write(new)
        except SpoolFullError:
            assert self.spool.size + count * size > MAX_BYTES - 5000
        else:
            self.waiting += [entry.event_id for entry in new]

    async def read(self) -> list[str]:
        return [entry.event_id for entry in await self.spool.read()] if self.spool.records else []

    async def drain(self) -> None:
        """Take a batch; of a file that was begun before a restart, it may be one that was taken already."""
        found = await self.read()
        if not found:
            return
        await self.spool.acknowledge()
        again = [name for name in found if name not in self.waiting]
        assert set(again) <= set(self.acknowledged)
        new = found[len(again) :]
        assert new == self.waiting[: len(new)]
        del self.waiting[: len(new)]
        self.acknowledged += new

    def again(self, *, torn: bool = False) -> None:
        """Open it again; what was in a file stays there, whether it was finished or not."""
        if torn and self.files():
            with self.files()[-1].open("ab") as file:
                file.write(b"\x00\x00\x00\x40 torn")
        self.spool = self.opened()

    async def step(self, what: str, number: int) -> None:
        match what:
            case "write":
                await self.write(number, 100)
            case "large":
                await self.write(number, 9000)
            case "drain":
                await self.drain()
            case "read":
                await self.read()
            case "end":
                self.spool.close()
                self.again()
            case "kill" | "tear":
                self.spool._directory.close()
                self.again(torn=what == "tear")
            case _:
                await self.refused(number)

    async def refused(self, count: int) -> None:
        """Write to a disk that takes only a part of it."""

        whole, taken = os.write, 0

        def part(file: int, data: bytes) -> int:
            nonlocal taken
            if taken:
                raise OSError(28, "No space left on device")
            taken = whole(file, data[: len(data) // 2])
            return taken

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(os, "write", part)
            with pytest.raises((SpoolFailedError, SpoolFullError)):
                await self.spool.write(entries(900_000, count, 100))


@settings(max_examples=150)
@given(STEPS)
def test_a_spool_holds_what_it_accepted_in_order_whatever_happens_to_it(steps: list[tuple[str, int]]) -> None:
    async def run(path: Path) -> None:
        model = Model(path)
        for what, number in steps:
            await model.step(what, number)
        while model.spool.records:
            await model.drain()
        assert model.waiting == []
        assert sorted(model.acknowledged) == model.acknowledged
        assert model.files() == []

    with tempfile.TemporaryDirectory() as folder:
        anyio.run(run, Path(folder))

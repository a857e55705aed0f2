"""The keys that are pressed at a terminal, while something is drawn on it."""

from __future__ import annotations

import asyncio
import os
import sys
import termios
import tty
from collections.abc import Iterator
from contextlib import contextmanager

import anyio

#: Who presses one of these wants to leave.
QUIT = frozenset("qQ")


class Pressed:
    """Whether a key that ends the watching was pressed at the terminal *descriptor*; None: there is no terminal."""

    def __init__(self, descriptor: int | None) -> None:
        self._descriptor = descriptor

    async def quits(self, secs: float) -> bool:
        """Wait for *secs*, or until somebody presses `q`, and return whether he did."""
        with anyio.move_on_after(secs):
            while self._descriptor is not None:
                await _readable(self._descriptor)
                pressed = os.read(self._descriptor, 64)
                if not pressed:
                    # The terminal has gone; what ends the watching then is SIGHUP.
                    self._descriptor = None
                if QUIT & set(pressed.decode("latin-1")):
                    return True
            await anyio.sleep_forever()
        return False


@contextmanager
def pressed() -> Iterator[Pressed]:
    """Have keys told as they are pressed, without Enter and unseen; Ctrl-C still interrupts. Put back at the end."""
    if not sys.stdin.isatty():
        yield Pressed(None)
        return
    descriptor = sys.stdin.fileno()
    before = termios.tcgetattr(descriptor)
    tty.setcbreak(descriptor)
    try:
        yield Pressed(descriptor)
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)


async def _readable(descriptor: int) -> None:
    loop, there = asyncio.get_running_loop(), anyio.Event()
    loop.add_reader(descriptor, there.set)
    try:
        await there.wait()
    finally:
        loop.remove_reader(descriptor)

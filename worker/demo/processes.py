"""The demo's processes: emulator, ingress and workers, each as a user would start it, and ended by their pids."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from types import TracebackType

import anyio
import anyio.to_thread

from ingress.errors import ConfigError

START_SECS = 30.0
END_SECS = 10.0


class Process:
    """One process of the demo; what it says on standard error goes to a file."""

    def __init__(self, name: str, arguments: list[str], environment: dict[str, str], log: Path) -> None:
        self.name = name
        self.log = log
        with log.open("ab") as errors:
            self._popen = subprocess.Popen(
                [sys.executable, "-m", *arguments],
                env={**os.environ, **environment},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )

    @property
    def pid(self) -> int:
        """The process id."""
        return self._popen.pid

    async def line(self, start: str) -> str:
        """Wait until the process says a line that begins with *start*, and return the rest of it.

        Raises:
            ConfigError: It ended, or said nothing of the kind in time; with the last line of its log.
        """
        with anyio.move_on_after(START_SECS):
            while line := await anyio.to_thread.run_sync(self._read_line, abandon_on_cancel=True):
                if line.startswith(start):
                    return line.removeprefix(start).strip()
        last = (self.log.read_text(errors="replace").strip().splitlines() or ["nothing"])[-1]
        raise ConfigError(f"the {self.name} did not start; the last that it said was: {last}")

    def wait(self) -> int:
        """Wait until the process has ended by itself, and return its exit status."""
        return self._popen.wait(timeout=START_SECS)

    def kill(self) -> None:
        """End the process as a crash would."""
        self._popen.kill()
        self._popen.wait(timeout=END_SECS)

    def end(self) -> int:
        """End the process in its own time, and return its exit status."""
        if self._popen.poll() is None:
            self._popen.send_signal(signal.SIGTERM)
        try:
            status = self._popen.wait(timeout=END_SECS)
        except subprocess.TimeoutExpired:
            self.kill()
            status = self._popen.returncode
        if self._popen.stdout is not None:
            self._popen.stdout.close()
        return status

    def _read_line(self) -> str:
        return self._popen.stdout.readline() if self._popen.stdout is not None else ""


class Processes:
    """All of them; a `with` block ends those that are left, the newest first."""

    def __init__(self, directory: Path, environment: dict[str, str]) -> None:
        self._directory = directory
        self._environment = environment
        #: In the order of their start.
        self.running: list[Process] = []

    def start(self, name: str, *arguments: str, **environment: str) -> Process:
        """Start `python -m ARGUMENTS` with the common environment and this one."""
        log = self._directory / f"{name.replace(' ', '-')}.log"
        process = Process(name, list(arguments), {**self._environment, **environment}, log)
        self.running.append(process)
        return process

    def end_all(self) -> dict[str, int]:
        """End those that still run, the newest first, and return their exit statuses."""
        return {process.name: process.end() for process in reversed(self.running)}

    def __enter__(self) -> Processes:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.end_all()

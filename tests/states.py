"""`python -m tests.states`, which is `make states`: keeps a ledger in today's form, for every later release to read.

While no release has been made (CHANGELOG.md names none) it takes the place of what was kept before: nobody has a log
that begins with that. Afterwards it is kept beside it, for logs of that release are there.
"""

from __future__ import annotations

import re
from pathlib import Path

from ingress.log import Partition
from worker.decisions.decision import Quarantine
from worker.events import webhooks as w
from worker.events.event import Event
from worker.ledger import forms, image
from worker.ledger.ledger import Ledger, Pending, Timer
from worker.testing.centre import Centre, small_tenant

ROOT = Path(__file__).parent.parent
KEPT = ROOT / "tests" / "data" / "states"
RELEASE = re.compile(r"^## \[\d", re.MULTILINE)


def full_ledger() -> tuple[Ledger, dict[str, Event]]:
    """Return a ledger with aggregates of all kinds, commands, timers, tombstones, quarantine; and what waits in it."""
    centre = Centre(small_tenant())
    for agent in ("alice", "bob"):
        centre.agent_up(agent)
    for call in ("c1", "c2", "c3", "c4"):
        centre.ring(call)
    centre.join("c1")
    centre.hang_up("c4")
    ledger = Ledger(Partition(3))
    ledger.aggregates = dict(centre.states)
    bad = centre.address("call", "bad")
    waits = Event("1800000000000-1", "bad", bad, centre.now_ms, centre.now_ms, w.CallHold("bad"))
    ledger.restore(
        [Pending(sent.id, sent.command, sent.address, centre.now_ms) for sent in centre.sent],
        [
            Timer(address, "t", centre.now_ms + 1000, f"t:3:{number}-0:0")
            for number, address in enumerate(centre.states)
        ],
        [(centre.address("call", "c4"), centre.now_ms)],
        [],
    )
    ledger.follow(waits, (Quarantine("of the test"),))
    return ledger, {waits.id: waits}


def kept() -> list[Path]:
    """Return what is kept, by form and then by name."""
    return sorted(KEPT.glob("*.image"), key=lambda path: (form_of(path), path.name))


def form_of(path: Path) -> int:
    """Return the form of what is kept in *path*."""
    return int(path.name.split("-")[1])


def main() -> None:
    """Keep today's, if it is not there, and say what was done."""
    released = RELEASE.search((ROOT / "CHANGELOG.md").read_text(encoding="utf-8")) is not None
    today = KEPT / f"form-{forms.newest()}-{image.fingerprint()}.image"
    for path in kept():
        if path != today and not released:
            path.unlink()
            print(f"{path.relative_to(ROOT)} is removed: no release has been made with it")
    KEPT.mkdir(exist_ok=True)
    if not today.exists():
        today.write_bytes(b"".join(image.encode(image.take(full_ledger()[0], "1800000000000-1", 1_800_000_000_000))))
        print(f"{today.relative_to(ROOT)} is new: commit it")


if __name__ == "__main__":
    main()

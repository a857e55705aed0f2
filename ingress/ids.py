"""The names of what is made inside: commands, and the events that tell of them. The same at every delivery.

Whoever knows what caused something can name it, and so find it by the log's memory of event ids (`Keys.seen`).
"""

from __future__ import annotations

import uuid

from ingress.log import Partition

_COMMAND_IDS = uuid.UUID("5d0c6f0e-7f39-4d0a-9d8c-3f3f6b1a2c11")
_RECORD_IDS = uuid.UUID("8d7f0c52-6e0b-4f6e-9a43-0c5b8c2d9e77")


def command_id(tenant: str, partition: Partition | int, cause_id: str, index: int) -> str:
    """Name the command at *index* among the acts of the decision that *cause_id* led to; always the same name."""
    return str(uuid.uuid5(_COMMAND_IDS, f"{tenant}|{partition}|{cause_id}|{index}"))


def outcome_id(command: str) -> str:
    """Name the event that tells what became of the command of this id."""
    return f"o:{command}"


def notice_id(partition: Partition, cause_id: str, index: int) -> str:
    """Name the event that is the notice at *index* among the acts of the decision that *cause_id* led to."""
    return f"n:{partition}:{cause_id}:{index}"


def record_id(tenant: str, what: str) -> str:
    """Name the record of a caller (*what* is his first leg) or of a change; always the same name."""
    return str(uuid.uuid5(_RECORD_IDS, f"{tenant}|{what}"))

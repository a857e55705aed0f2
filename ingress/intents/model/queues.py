"""What is asked of a queue, and of Telnyx's own of the same name."""

from __future__ import annotations

from typing import Annotated

import msgspec

from ingress.intents.fields import Id, Name, Reason
from ingress.intents.model.base import Intent, Target


class MoveCaller(Intent, frozen=True, tag="move_caller"):
    """Send a waiting caller elsewhere. Refused unless he waits in this queue and is not with an agent."""

    queue: Name
    call: Id
    to: Target


class SetPriority(Intent, frozen=True, tag="priority"):
    """Set a waiting caller's priority. Refused unless he waits in this queue."""

    queue: Name
    call: Id
    priority: Annotated[int, msgspec.Meta(ge=-999, le=999)]


class CloseQueue(Intent, frozen=True, tag="close_queue"):
    """Take no more callers, whatever the hours say; those who wait stay, unless `send_away` sends them to `closed`.

    Of a queue that is closed already the reason stays, where none is given.
    """

    queue: Name
    reason: Reason = ""
    send_away: bool = False


class OpenQueue(Intent, frozen=True, tag="open_queue"):
    """Take callers again, as the hours say."""

    queue: Name


class CancelCallback(Intent, frozen=True, tag="cancel_callback"):
    """Do not call somebody back. Refused unless his place is kept."""

    queue: Name
    callback: Id


class PrepareQueue(Intent, frozen=True, tag="prepare_queue"):
    """Make the queue at Telnyx before its first caller, or change it, to hold as many as the policy lets wait.

    Not needed for anybody to wait: the first caller does the same. Refused for a queue that is not in the policy.
    """

    queue: Name


class DeleteQueue(Intent, frozen=True, tag="delete_queue"):
    """Remove the queue from Telnyx, also one that the policy has no more; the next caller makes it anew.

    Refused while somebody waits in it. Telnyx refuses it while it holds entries that were kept.
    """

    queue: Name


class KeepEntry(Intent, frozen=True, tag="keep_entry"):
    """Keep a waiting caller's entry in Telnyx's queue when he hangs up, or (`on` is false) do not.

    It shows who hung up, and takes up room until `remove_entry`. Refused unless he waits in this queue and is not with
    an agent.
    """

    queue: Name
    call: Id
    on: bool = True


class RemoveEntry(Intent, frozen=True, tag="remove_entry"):
    """Remove the entry that a caller who has hung up left in Telnyx's queue, also in one that the policy has no more.

    Refused while he waits here: `move_caller` and `end_call` are for that.
    """

    queue: Name
    call: Id


QueueIntent = (
    MoveCaller | SetPriority | CloseQueue | OpenQueue | CancelCallback | PrepareQueue | DeleteQueue | KeepEntry
    | RemoveEntry
)  # fmt: skip

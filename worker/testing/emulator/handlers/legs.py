"""Legs: dial, answer, reject, hang up, bridge, transfer, refer, supervise."""

from __future__ import annotations

from worker.telnyx.calls import operations as o
from worker.telnyx.calls.answering import AnswerBody, ClientStateUpdateBody, HangupBody, RejectBody
from worker.telnyx.calls.bridging import BridgeBody, ReferBody, SwitchSupervisorRoleBody
from worker.telnyx.calls.dialling import DialBody, TransferBody
from worker.testing.emulator.addressing import check_webhooks, set_webhooks
from worker.testing.emulator.bridges import Bridges
from worker.testing.emulator.dialling import Dialling
from worker.testing.emulator.documents import show_call
from worker.testing.emulator.handlers.table import OK, Answer, Table
from worker.testing.emulator.legs import Leg
from worker.testing.emulator.limits import Limits
from worker.testing.emulator.phones import Phones
from worker.testing.emulator.problems import refuse
from worker.testing.emulator.queues import Queues
from worker.testing.emulator.recordings import Recordings
from worker.testing.emulator.world import KNOWN_AFTER_END_SECS, World

#: What a rejected caller is told to have met; `TEMPORARILY_UNAVAILABLE` has no cause of its own.
REJECTIONS = {
    "CALL_REJECTED": "call_rejected",
    "USER_BUSY": "user_busy",
    "NOT_FOUND": "not_found",
    "TEMPORARILY_UNAVAILABLE": "unspecified",
}


class LegHandlers:
    """The commands."""

    def __init__(
        self,
        world: World,
        dialling: Dialling,
        phones: Phones,
        bridges: Bridges,
        queues: Queues,
        recordings: Recordings,
        limits: Limits,
    ) -> None:
        self._world = world
        self._dialling = dialling
        self._phones = phones
        self._bridges = bridges
        self._queues = queues
        self._recordings = recordings
        self._limits = limits

    def table(self) -> Table:
        """Return what is done for each operation."""
        return {
            o.DIAL: self.dial,
            o.RETRIEVE: self.retrieve,
            o.ANSWER: self.answer,
            o.REJECT: self.reject,
            o.HANGUP: self.hangup,
            o.BRIDGE: self.bridge,
            o.TRANSFER: self.transfer,
            o.REFER: self.refer,
            o.CLIENT_STATE_UPDATE: self.client_state_update,
            o.SWITCH_SUPERVISOR_ROLE: self.switch_supervisor_role,
        }

    def dial(self, body: DialBody) -> Answer:
        self._limits.admit_dial()
        leg, recording = self._dialling.dial(body)
        shown = {**show_call(self._world, leg), "is_alive": False}
        return {**shown, "recording_id": recording} if recording else shown

    def retrieve(self, call: str) -> Answer:
        leg = self._world.leg(call, alive=False)
        if not leg.alive and self._world.ended_for_secs(leg) > KNOWN_AFTER_END_SECS:
            refuse("90015", f"{call} is not a call", pointer="/call_control_id")
        return show_call(self._world, leg)

    def answer(self, call: str, body: AnswerBody) -> Answer:
        leg = self._world.leg(call)
        if not leg.incoming:
            refuse("90102")
        check_webhooks(body)
        set_webhooks(leg, body)
        self._world.set_state(leg, body.client_state)
        self._world.answer(leg)
        if body.record != "record-from-answer":
            return OK
        recording = self._recordings.record_leg(
            leg, form=body.record_format or "mp3", channels=body.record_channels or "dual",
            max_secs=body.record_max_length, name=body.record_custom_file_name,
        )  # fmt: skip
        return {**OK, "recording_id": recording.id}

    def reject(self, call: str, body: RejectBody) -> Answer:
        leg = self._world.leg(call)
        if not leg.incoming or leg.answered_at is not None:
            refuse("10015", "Only an incoming call that is not answered can be rejected", pointer="/call_control_id")
        self._world.set_state(leg, body.client_state)
        self._world.hangup(leg, cause=REJECTIONS[body.cause], source="callee")
        return OK

    def hangup(self, call: str, body: HangupBody) -> Answer:
        leg = self._world.leg(call)
        self._world.set_state(leg, body.client_state)
        # Who gives up a call that rings cancels it.
        cause = "originator_cancel" if not leg.incoming and leg.answered_at is None else "normal_clearing"
        self._world.hangup(leg, cause=cause, source="callee" if leg.incoming else "caller")
        return OK

    def bridge(self, call: str, body: BridgeBody) -> Answer:
        leg = self._world.answered(call)
        after = "hold" if body.hold_after_unbridge else (body.park_after_unbridge or "hangup")
        other = self._other(body)
        self._bridges.check(leg, other, prevent_double=bool(body.prevent_double_bridge))
        self._world.set_state(leg, body.client_state)
        self._bridges.bridge(leg, other, after=after)
        if body.record == "record-from-answer":
            self._recordings.record_leg(
                leg, form=body.record_format or "mp3", channels=body.record_channels or "dual",
                max_secs=body.record_max_length, name=body.record_custom_file_name,
            )  # fmt: skip
        return OK

    def transfer(self, call: str, body: TransferBody) -> Answer:
        leg = self._world.answered(call)
        self._dialling.transfer(leg, body)
        return OK

    def refer(self, call: str, body: ReferBody) -> Answer:
        leg = self._world.answered(call)
        self._world.set_state(leg, body.client_state)
        self._bridges.refer(leg, refused=self._phones.of(body.sip_address).does in ("decline", "busy", "unknown"))
        return OK

    def client_state_update(self, call: str, body: ClientStateUpdateBody) -> Answer:
        self._world.set_state(self._world.leg(call), body.client_state)
        return OK

    def switch_supervisor_role(self, call: str, body: SwitchSupervisorRoleBody) -> Answer:
        leg = self._world.answered(call)
        if leg.supervises is None:
            refuse("10015", "The call supervises nobody", pointer="/call_control_id")
        leg.supervisor_role = body.role
        return OK

    def _other(self, body: BridgeBody) -> Leg:
        if sum(each is not None for each in (body.call_control_id, body.queue, body.video_room_id)) > 1:
            refuse("10015", "call_control_id, queue and video_room_id cannot be used together", pointer="/queue")
        if body.queue is None:
            if body.call_control_id is None:
                refuse("10004", "call_control_id or queue is required", pointer="/call_control_id")
            return self._world.leg(body.call_control_id)
        entries = self._queues.get(body.queue).entries
        if not entries:
            refuse("90035", f"{body.queue} is empty", pointer="/queue")
        other = entries[0].leg
        # It leaves the queue whether the bridge succeeds or not.
        if not other.alive:
            self._queues.drop(body.queue, other.id)
            refuse("90018", f"the first call of {body.queue} has ended: it was from {other.from_} to {other.to}")
        self._bridges.leave_queue(other)
        return other

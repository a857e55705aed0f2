"""What one aggregate tells another. Each is a fact or a request that is harmless when it comes twice."""

from __future__ import annotations

import msgspec

from ingress.envelope import Address
from worker.events.notices.base import Notice
from worker.events.notices.consulting import (
    CallerHanded,
    ConsultAsked,
    ConsultDeclined,
    ConsultOver,
    ConsultReady,
    HandedOn,
)
from worker.events.notices.conversation import (
    CallerExpected,
    CallerLeft,
    CallerSeen,
    Care,
    ConferenceOver,
    ConferenceReady,
    Connected,
    LegGone,
    Unexpected,
)
from worker.events.notices.legs import (
    LegAnswered,
    LegEnded,
    LegKey,
    LoginAnswer,
    MachineDetected,
    PhoneLoggedIn,
    PhoneLogin,
)
from worker.events.notices.offers import (
    AgentFree,
    AgentGone,
    Connect,
    DeclineReason,
    Disconnect,
    Disconnected,
    JoinFailed,
    NotFree,
    OfferAccepted,
    OfferAssigned,
    OfferDeclined,
    OfferMade,
    OfferWithdrawn,
)
from worker.events.notices.waiting import (
    Announce,
    Announced,
    CallerGone,
    CallerWaiting,
    GoOn,
    GoOnReason,
    InQueue,
    KeyPressed,
    Move,
    OutOfQueue,
)

AnyNotice = (
    CallerWaiting
    | CallerGone
    | KeyPressed
    | Announced
    | GoOn
    | Announce
    | InQueue
    | OutOfQueue
    | Move
    | JoinFailed
    | AgentFree
    | AgentGone
    | OfferMade
    | OfferAccepted
    | OfferDeclined
    | OfferAssigned
    | OfferWithdrawn
    | Connect
    | Disconnect
    | Disconnected
    | CallerExpected
    | CallerSeen
    | Unexpected
    | LegGone
    | Connected
    | CallerLeft
    | ConferenceReady
    | ConferenceOver
    | Care
    | ConsultAsked
    | ConsultReady
    | ConsultDeclined
    | ConsultOver
    | CallerHanded
    | HandedOn
    | LegAnswered
    | LegEnded
    | LegKey
    | MachineDetected
    | PhoneLogin
    | PhoneLoggedIn
)


class Told(msgspec.Struct, frozen=True, tag="notice"):
    """A notice as its receiver's log holds it."""

    sender: Address
    notice: AnyNotice


__all__ = [
    "AgentFree",
    "AgentGone",
    "Announce",
    "Announced",
    "AnyNotice",
    "CallerExpected",
    "CallerGone",
    "CallerHanded",
    "CallerLeft",
    "CallerSeen",
    "CallerWaiting",
    "Care",
    "ConferenceOver",
    "ConferenceReady",
    "Connect",
    "Connected",
    "ConsultAsked",
    "ConsultDeclined",
    "ConsultOver",
    "ConsultReady",
    "DeclineReason",
    "Disconnect",
    "Disconnected",
    "GoOn",
    "GoOnReason",
    "HandedOn",
    "InQueue",
    "JoinFailed",
    "KeyPressed",
    "LegAnswered",
    "LegEnded",
    "LegGone",
    "LegKey",
    "LoginAnswer",
    "MachineDetected",
    "Move",
    "NotFree",
    "Notice",
    "OfferAccepted",
    "OfferAssigned",
    "OfferDeclined",
    "OfferMade",
    "OfferWithdrawn",
    "OutOfQueue",
    "PhoneLoggedIn",
    "PhoneLogin",
    "Told",
    "Unexpected",
]

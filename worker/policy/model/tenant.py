"""A tenant, and the whole policy."""

from __future__ import annotations

from typing import Annotated

import msgspec

from worker.policy.model.basics import Name, PhoneNumber, Secret, TenantName, Url, Voice
from worker.policy.model.goals import Login, Menu, Music, Number, Voicemail
from worker.policy.model.hours import Hours
from worker.policy.model.people import Agent, Supervisor
from worker.policy.model.queues import Queue


class Tenant(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One Telnyx account and what is run on it."""

    #: The Call Control application; legs are dialled from it.
    connection_id: Name
    #: The number that agents see when they are dialled.
    caller_id: PhoneNumber
    api_key: Secret
    #: Read by the ingress. More than one while a key is being changed.
    public_keys: Annotated[
        tuple[Secret, ...],
        msgspec.Meta(min_length=1, description='a list of at least one { env = "NAME" } or { file = "PATH" }'),
    ]
    api_base: Url = "https://api.telnyx.com/v2"
    voice: Voice = Voice()
    #: Heard by a held caller.
    hold_music: Music = Music()
    numbers: dict[PhoneNumber, Number] = {}
    hours: dict[Name, Hours] = {}
    menus: dict[Name, Menu] = {}
    voicemails: dict[Name, Voicemail] = {}
    login: Login = Login()
    queues: dict[Name, Queue] = {}
    agents: dict[Name, Agent] = {}
    supervisors: dict[Name, Supervisor] = {}


class Policy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole policy file."""

    tenants: Annotated[
        dict[TenantName, Tenant], msgspec.Meta(min_length=1, description="at least one table [tenants.NAME]")
    ]

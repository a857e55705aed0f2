"""The policy: what a tenant's numbers, queues and agents are."""

from worker.policy.model.basics import Announcement, Digit, Secret, Sound, Voice, sound_of
from worker.policy.model.goals import CallerRule, Goal, Login, Menu, Music, Number, Voicemail
from worker.policy.model.hours import Hours, is_open
from worker.policy.model.people import Agent, Serves, Supervisor
from worker.policy.model.queues import Announcements, Callback, Key, Queue, Recording, Relaxed, Requirement
from worker.policy.model.tenant import Policy, Tenant

__all__ = [
    "Agent",
    "Announcement",
    "Announcements",
    "Callback",
    "CallerRule",
    "Digit",
    "Goal",
    "Hours",
    "Key",
    "Login",
    "Menu",
    "Music",
    "Number",
    "Policy",
    "Queue",
    "Recording",
    "Relaxed",
    "Requirement",
    "Secret",
    "Serves",
    "Sound",
    "Supervisor",
    "Tenant",
    "Voice",
    "Voicemail",
    "is_open",
    "sound_of",
]

"""Everything that the network does, put together."""

from __future__ import annotations

from worker.testing.emulator.audio import Audio
from worker.testing.emulator.bridges import Bridges
from worker.testing.emulator.conferences import Conferences
from worker.testing.emulator.dialling import Dialling
from worker.testing.emulator.gathers import Gathers
from worker.testing.emulator.handlers.conference_media import ConferenceMediaHandlers
from worker.testing.emulator.handlers.conferences import ConferenceHandlers
from worker.testing.emulator.handlers.legs import LegHandlers
from worker.testing.emulator.handlers.media import MediaHandlers
from worker.testing.emulator.handlers.queues import QueueHandlers
from worker.testing.emulator.handlers.table import Table
from worker.testing.emulator.limits import Limits
from worker.testing.emulator.phones import Phones
from worker.testing.emulator.queues import Queues
from worker.testing.emulator.recordings import Recordings
from worker.testing.emulator.world import World


class Telephony:
    """One world with its queues, conferences, bridges, sounds and recordings."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.queues = Queues(world)
        self.conferences = Conferences(world, self.queues)
        self.bridges = Bridges(world, self.queues, self.conferences)
        self.recordings = Recordings(world, self.conferences)
        self.audio = Audio(world, self.conferences)
        self.gathers = Gathers(world)
        self.conferences.partings.append(lambda _, leg: self.gathers.leave(leg))
        self.phones = Phones(world)
        self.dialling = Dialling(world, self.bridges, self.conferences, self.recordings, self.audio, self.phones)

    def table(self, limits: Limits) -> Table:
        """Return what is done for each operation."""
        return {
            **LegHandlers(
                self.world, self.dialling, self.phones, self.bridges, self.queues, self.recordings, limits
            ).table(),
            **MediaHandlers(self.world, self.audio, self.gathers, self.recordings).table(),
            **ConferenceHandlers(self.world, self.conferences).table(),
            **ConferenceMediaHandlers(self.world, self.conferences, self.audio, self.gathers, self.recordings).table(),
            **QueueHandlers(self.world, self.queues).table(),
        }

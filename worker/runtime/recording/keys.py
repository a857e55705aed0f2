"""The names of the recorder's keys in Redis."""

from __future__ import annotations

from ingress.log import Keys, Partition


class RecordKeys(Keys, frozen=True):
    """The keys of the one who writes records: a slot of their own, with a lease like a partition's."""

    def records(self) -> str:
        """Stream of records, each as `kind` and `record`, oldest first."""
        return self._records("log")

    def reached(self) -> str:
        """String: the moment (Redis time, ms) up to which the log is in the records."""
        return self._records("reached")

    def dropped(self) -> str:
        """String: the id of the newest record that was dropped for its age."""
        return self._records("dropped")

    def gaps(self) -> str:
        """Hash of what of the log is in no record: partition and moment, and up to which moment."""
        return self._records("gaps")

    def dossiers(self) -> str:
        """Hash of what is known of callers whose record is not long written."""
        return self._records("dossiers")

    def standings(self) -> str:
        """Hash of what each agent is, and since when."""
        return self._records("standings")

    def deliveries(self, target: str) -> str:
        """Hash of a webhook target: how far it is (`position`), and what is to be tried again, by entry id."""
        return self._records(f"deliveries:{target}")

    def undelivered(self, target: str) -> str:
        """Stream of the records that a webhook target has not taken after the last try."""
        return self._records(f"undelivered:{target}")

    def _of(self, partition: Partition, what: str) -> str:
        del partition
        return self._records(what)

    def _records(self, what: str) -> str:
        return f"{self.prefix}:{{records}}:{what}"

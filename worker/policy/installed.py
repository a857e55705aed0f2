"""Finds the own rules of the packages that are installed beside Switchhook."""

from __future__ import annotations

from importlib.metadata import entry_points

from worker.policy.rules import GROUP, EntryRule, RecordingRule, Rule, Strategy, Unusable


def installed_rules() -> dict[str, Rule | Unusable]:
    """Return each rule that an installed package offers, by its name; what cannot be used says why."""
    found: dict[str, Rule | Unusable] = {}
    for entry in entry_points(group=GROUP):
        try:
            rule = entry.load()
        except (Exception, SystemExit) as exc:  # noqa: BLE001
            # To load it is to run code that is not ours.
            found[entry.name] = Unusable(f"{entry.value} cannot be loaded: {type(exc).__name__}: {exc}")
            continue
        if isinstance(rule, Strategy | EntryRule | RecordingRule):
            found[entry.name] = rule
        else:
            told = "is not marked as a strategy, an entry_rule or a recording_rule of worker.policy.rules"
            found[entry.name] = Unusable(f"{entry.value} {told}")
    return found

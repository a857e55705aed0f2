"""How a measurement is shown: beside its floor, with the ratio of both."""

from __future__ import annotations


def say(what: str, value: float, floor: float, *, unit: str = "µs", beside: str = "floor", note: str = "") -> None:
    """Print one measurement."""
    ratio = f"ratio {value / floor:.2f}"
    print(f"{what:<34}{value:6.1f} {unit}   {beside:<5} {floor:6.1f} {unit}   {ratio}{note}", flush=True)

"""Strangers cannot fill the log."""

from __future__ import annotations

from structlog.testing import capture_logs

from ingress.logs import SparseLog


def test_a_warning_of_one_kind_is_written_once_in_a_while_with_how_many_it_stands_for() -> None:
    now = 0.0
    with capture_logs() as lines:
        sparse = SparseLog(every_secs=10, clock=lambda: now)
        for _ in range(3):
            sparse.warning("webhook.refused", tenant="a", reason="r")
        sparse.warning("webhook.refused", tenant="b", reason="r")
        now = 10.0
        sparse.warning("webhook.refused", tenant="a", reason="r")
    assert [(line["tenant"], line["unwritten"]) for line in lines] == [("a", 0), ("b", 0), ("a", 2)]

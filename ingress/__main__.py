"""`python -m ingress`: the ingress without the engine's command line, for it need not import the engine."""

from __future__ import annotations

import argparse
import sys
from typing import get_args

from ingress.app import run
from ingress.durability import Durability
from ingress.errors import ConfigError
from ingress.lifecycle import EXIT_CONFIG
from ingress.settings import ingress_settings
from ingress.spool.settings import Fsync


def main(arguments: list[str] | None = None) -> int:
    """Read the flags, run, and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m ingress", description=__doc__)
    parser.add_argument("--redis", dest="redis_url", metavar="URL", help="SWITCHHOOK_REDIS_URL")
    parser.add_argument("--policy", metavar="FILE", help="SWITCHHOOK_POLICY; its tenants' public_keys are read")
    parser.add_argument("--host", help="SWITCHHOOK_HOST, default 127.0.0.1")
    parser.add_argument("--port", type=int, help="SWITCHHOOK_PORT, default 8080; 0: any free one")
    parser.add_argument("--prefix", help="SWITCHHOOK_PREFIX, default switchhook: of every key in Redis")
    parser.add_argument("--partitions", type=int, help="SWITCHHOOK_PARTITIONS, default 16; fixed when the log is made")
    parser.add_argument("--grace-secs", type=float, help="SWITCHHOOK_GRACE_SECS, default 5")
    parser.add_argument("--durability", choices=get_args(Durability), help="SWITCHHOOK_DURABILITY, default memory")
    parser.add_argument("--replicas", type=int, help="SWITCHHOOK_REPLICAS, default 1; for --durability replica")
    parser.add_argument("--confirm-ms", type=int, help="SWITCHHOOK_CONFIRM_MS, default 300; for aof and replica")
    parser.add_argument("--spool-dir", metavar="DIR", help="SWITCHHOOK_SPOOL_DIR; none: 503 while Redis is away")
    parser.add_argument("--spool-fsync", choices=get_args(Fsync), help="SWITCHHOOK_SPOOL_FSYNC, default always")
    parser.add_argument("--spool-interval-ms", type=int, help="SWITCHHOOK_SPOOL_INTERVAL_MS, default 200")
    parser.add_argument("--spool-max-bytes", type=int, help="SWITCHHOOK_SPOOL_MAX_BYTES, default 268435456")
    try:
        return run(ingress_settings(vars(parser.parse_args(arguments))))
    except ConfigError as exc:
        print(f"switchhook ingress: {exc}", file=sys.stderr)
        return EXIT_CONFIG


if __name__ == "__main__":
    sys.exit(main())

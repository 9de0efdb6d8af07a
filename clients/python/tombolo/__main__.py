"""`python3 -m tombolo`: walks about, speaks, dresses, and tells what it saw. Exit code 1 on violations.

Exit code 2: the command line is wrong, or nobody let us in.
"""

from __future__ import annotations

import argparse
import json
import random
import ssl
import sys
import time
from pathlib import Path

from . import motion
from .baseline import Cache
from .client import Client, ConnectionLost, Corrected, Refused, Replied, parse_address

EXAMPLE = "example: python3 -m tombolo --connect 127.0.0.1:4242 --name mira --for 20 --json"


def arguments(argv):
    parser = argparse.ArgumentParser(prog="tombolo", description=__doc__, epilog=EXAMPLE)
    parser.add_argument("--connect", required=True, metavar="HOST:PORT", type=parse_address, help="where to enter")
    parser.add_argument("--name", default="python", help="the account; letters, digits, - and _ (default: python)")
    parser.add_argument("--for", dest="seconds", type=float, default=20.0, metavar="SECONDS", help="default: 20")
    parser.add_argument("--seed", type=int, default=1, help="what the walk is drawn from (default: 1)")
    parser.add_argument("--cache", type=Path, metavar="DIR", help="keep baselines there")
    parser.add_argument("--tls", action="store_true", help="connect by TLS")
    parser.add_argument("--ca", type=Path, metavar="FILE", help="the authority of the server's certificate (with --tls)")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of lines")
    args = parser.parse_args(argv)
    if args.ca and not args.tls:
        parser.error("--ca is for --tls")
    try:
        args.context = ssl.create_default_context(cafile=args.ca) if args.tls else None
    except OSError as error:
        parser.error(f"--ca {args.ca}: {error}; name a PEM file with a certificate")
    return args


def wander(client: Client, seconds: float, draw: random.Random) -> dict:
    """Walks for a while. Returns counts that only the walker knows."""
    begin = time.monotonic()
    turn_at = speak_at = dress_at = begin
    most_seen, tints = 0, 0
    while time.monotonic() - begin < seconds:
        now = time.monotonic()
        if now >= turn_at:
            client.walk(draw.randrange(32), draw.choice((motion.WALK, motion.JOG, motion.RUN, motion.SPRINT)))
            turn_at = now + draw.uniform(1.0, 4.0)
        if now >= speak_at:
            client.speak(f"Ahoi from Python, tick {client.now_tick()}")
            speak_at = now + 5.0
        if now >= dress_at:
            client.dress(draw.randrange(256))
            dress_at = now + 7.0
        for happening in client.poll():
            if isinstance(happening, Corrected):
                turn_at = min(turn_at, time.monotonic() + 0.2)
            elif isinstance(happening, Replied) and happening.request and happening.code == 0:
                tints += 1
        most_seen = max(most_seen, len(client.picture.entities))
    client.stop()
    client.poll()
    return {"most_entities": most_seen, "deeds_done": tints, "entities": len(client.picture.entities)}


def report(client: Client, walked: dict) -> dict:
    rtt = sorted(client.rtt_ms)
    keys = ("sessions", "reconnects", "ticks", "frames", "keys", "resets", "updates", "entered", "awaited", "stale",
            "unknown_handles", "inputs", "acks", "corrections", "heard", "refusals", "baselines", "bytes")
    return {
        "name": client.name,
        **{key: client.counts[key] for key in keys},
        **walked,
        "rtt_ms": round(rtt[len(rtt) // 2], 3) if rtt else None,
        "violations": sum(client.violations.values()),
        "violation_kinds": dict(client.violations),
        "violation_examples": client.examples[:20],
    }


def main(argv=None) -> int:
    args = arguments(argv)
    client = Client(args.connect, args.name, Cache(args.cache), args.context)
    try:
        client.connect()
        walked = wander(client, args.seconds, random.Random(args.seed))
        client.close()
    except (Refused, ConnectionLost) as error:
        print(f"tombolo: {error}", file=sys.stderr)
        return 2
    result = report(client, walked)
    if args.json:
        print(json.dumps(result))
    else:
        for key, value in result.items():
            print(f"{key:>20}: {value}")
    return 1 if result["violations"] else 0


if __name__ == "__main__":
    sys.exit(main())

"""`python3 -m tombolo`: walks about, speaks, dresses, takes and drops, and tells what it saw. Exit code 1 on violations.

Exit code 2: the command line is wrong, or nobody let us in.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import ssl
import sys
import time
from collections import Counter
from pathlib import Path

from . import deeds, motion
from .baseline import Cache, decode
from .client import Client, ConnectionLost, Corrected, Refused, Replied, parse_address

ARM = 300
"""How far it reaches for something, in units; servers allow a little more."""

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


def errand(client: Client, draw: random.Random):
    """What to do to things now: a deed, or the heading to something that may be taken, or nothing."""
    x, y = client.place()
    chunk = motion.chunk_of(x, y)
    heaps = client.bag.items if client.bag else []
    if heaps and draw.random() < 0.3:
        heap = draw.choice(heaps)
        return deeds.drop(heap.item, draw.randint(1, heap.amount))
    seen = client.picture.seen.get(chunk)
    data = seen and client.cache.get(seen[1])
    props = decode(data).props if data else []
    if not props:
        return None
    away = [(p.x + chunk[0] * motion.CHUNK_UNITS - x, p.y + chunk[1] * motion.CHUNK_UNITS - y, p) for p in props]
    dx, dy, nearest = min(away, key=lambda a: a[0] ** 2 + a[1] ** 2)
    if dx * dx + dy * dy <= ARM * ARM:
        return deeds.gather(chunk, nearest.index, draw.randint(1, 2))
    return round(math.atan2(dy, dx) * 16 / math.pi) % 32


def wander(client: Client, seconds: float, draw: random.Random) -> dict:
    """Walks for a while, and takes and drops what there is. Returns counts that only the walker knows."""
    begin = time.monotonic()
    turn_at = speak_at = dress_at = deed_at = begin
    walked = Counter(most_entities=0, deeds_done=0, gained=0, lost=0)
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
        if now >= deed_at:
            deed_at, wish = now + 0.7, errand(client, draw)
            if isinstance(wish, int):
                client.walk(wish, motion.WALK)
                turn_at = now + 2.0
            elif wish is not None:
                client.stop()
                client.do(wish)
                turn_at = now + 1.5
        for happening in client.poll():
            if isinstance(happening, Corrected):
                turn_at = min(turn_at, time.monotonic() + 0.2)
            elif isinstance(happening, Replied) and happening.request and happening.code == 0:
                walked["deeds_done"] += 1
                walked["gained"] += sum(heap.amount for heap in happening.gained)
                walked["lost"] += sum(heap.amount for heap in happening.lost)
        walked["most_entities"] = max(walked["most_entities"], len(client.picture.entities))
    client.stop()
    client.poll()
    bag = {heap.item: heap.amount for heap in client.bag.items} if client.bag else {}
    return {**walked, "entities": len(client.picture.entities), "traces": len(client.pages), "bag": bag}


def report(client: Client, walked: dict) -> dict:
    rtt = sorted(client.rtt_ms)
    keys = ("sessions", "reconnects", "handovers", "ticks", "frames", "keys", "resets", "updates", "entered", "awaited", "stale",
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

"""The deeds that servers know by default, one function each: what `Client.do` sends.

A chunk is a pair (cx, cy), a place (x, y) in units, `at` a pile or building: (chunk, trace id). Items, recipes and
buildings are names; the server says whether there is such a thing. The arguments are packed as the server's own
structs are, field by field.
"""

from __future__ import annotations

import struct
from typing import Iterable, List, Optional, Tuple

from .messages import Deed, Heap, Offer, packed

Chunk = Tuple[int, int]
At = Tuple[Chunk, int]

GUEST, BUILDER, STEWARD = 1, 2, 3
"""Roles on a parcel; 0 is none."""


def gather(chunk: Chunk, prop: int, units: int = 1) -> Deed:
    """Take units of a natural prop, named by its index in its chunk's baseline."""
    return Deed("gather", 0, _chunk(chunk) + struct.pack("<HI", prop, units))


def drop(item: str, amount: int = 1) -> Deed:
    """Put items on the ground where you stand."""
    return Deed("drop", 0, _heap(item, amount))


def pick_up(at: At, item: str, amount: int) -> Deed:
    """Take items off the ground."""
    return Deed("pick-up", 0, _at(at) + _heap(item, amount))


def craft(recipe: str, times: int = 1, at: Optional[At] = None) -> Deed:
    """Make something, at a building where the recipe asks for one."""
    place = b"\0" if at is None else b"\1" + _at(at)
    return Deed("craft", 0, _heap(recipe, times) + place)


def build(building: str, place: Tuple[int, int]) -> Deed:
    """Build something at a place within reach."""
    return Deed("build", 0, _text(building) + struct.pack("<ii", *place))


def dismantle(at: At) -> Deed:
    """Take down what was built."""
    return Deed("dismantle", 0, _at(at))


def put_in(at: At, item: str, amount: int = 1) -> Deed:
    """Put items into a chest."""
    return Deed("put-in", 0, _at(at) + _heap(item, amount))


def take_out(at: At, item: str, amount: int = 1) -> Deed:
    """Take items out of a chest."""
    return Deed("take-out", 0, _at(at) + _heap(item, amount))


def give(to: int, item: str, amount: int = 1) -> Deed:
    """Put items into the bag of somebody within reach."""
    return Deed("give", to, struct.pack("<Q", to) + _heap(item, amount))


def trade(offer: Offer) -> Deed:
    """Trade with somebody who agreed to this offer."""
    return Deed("trade", offer.to, packed(offer))


def eat(item: str, amount: int = 1) -> Deed:
    """Eat something."""
    return Deed("eat", 0, _heap(item, amount))


def claim(chunks: Iterable[Chunk]) -> Deed:
    """Make chunks that touch your own, the one where you stand among them."""
    chunks = list(chunks)
    return Deed("claim", 0, struct.pack("<Q", len(chunks)) + b"".join(map(_chunk, chunks)))


def share(land: str, somebody: int, role: int) -> Deed:
    """Give somebody a role on a parcel, or take it."""
    return Deed("share", 0, _text(land) + struct.pack("<QB", somebody, role))


def upkeep(land: str, periods: int = 1) -> Deed:
    """Pay for more time of a parcel."""
    return Deed("upkeep", 0, _heap(land, periods))


def abandon(land: str) -> Deed:
    """Give a parcel up."""
    return Deed("abandon", 0, _text(land))


def heaps(amounts) -> List[Heap]:
    """Heaps for an offer, of a mapping from items to amounts."""
    return [Heap(item, amount) for item, amount in dict(amounts).items()]


def _text(value: str) -> bytes:
    data = value.encode("utf-8")
    return struct.pack("<Q", len(data)) + data


def _heap(name: str, amount: int) -> bytes:
    return _text(name) + struct.pack("<I", amount)


def _chunk(chunk: Chunk) -> bytes:
    return struct.pack("<hh", *chunk)


def _at(at: At) -> bytes:
    chunk, trace = at
    return _chunk(chunk) + struct.pack("<I", trace)

"""The tick message: its items, and the records in the bodies of frames and keys.

See docs/protocol.md, sections "Tick" and "Bodies".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import List, Optional, Tuple, Union

from .motion import CHUNK_UNITS
from .wire import SERVER_MESSAGE_BYTES, Reader, WireError, text

NEAR, FAR = 0, 1
SPEECH = 1
PLACE_BIAS = 248
NAME_BYTES = 24
EVENT_BYTES = 512
RECORDS = 65_536


@dataclass(frozen=True)
class Frame:
    """Changes of a stream, `late` ticks before the message, `back` ticks after the last thing said in its slot."""

    slot: int
    late: int
    back: int
    body: bytes


@dataclass(frozen=True)
class Key:
    """The whole of a stream as of the message's tick."""

    slot: int
    island: int
    cx: int
    cy: int
    sub: int
    lane: int
    publisher: int
    body: bytes


@dataclass(frozen=True)
class Close:
    """A stream ends for this connection."""

    slot: int


@dataclass(frozen=True)
class Ack:
    """Where the server has my avatar at the message's tick, after the input `seq`."""

    seq: int
    x: int
    y: int
    motion: int
    corrected: bool


@dataclass(frozen=True)
class Seen:
    """A chunk came into view; its baseline has this content hash."""

    cx: int
    cy: int
    lane: int
    baseline: int


@dataclass(frozen=True)
class Unseen:
    """A chunk went out of view."""

    cx: int
    cy: int


@dataclass(frozen=True)
class Reset:
    """Forget all slots and chunks."""


Item = Union[Frame, Key, Close, Ack, Seen, Unseen, Reset]


@dataclass(frozen=True)
class Move:
    """An entity has a new segment: at the frame's tick it is at (x, y) and moves on by `motion`."""

    handle: int
    x: int
    y: int
    motion: int


@dataclass(frozen=True)
class Leave:
    """An entity left the stream: `to` is "gone", "chunk" (cx, cy) or "node" (node)."""

    handle: int
    hop: int
    to: str
    cx: Optional[int] = None
    cy: Optional[int] = None
    node: Optional[int] = None


@dataclass(frozen=True)
class Enter:
    """An entity came into the stream, or its look changed."""

    handle: int
    entity: int
    epoch: int
    hop: int
    x: int
    y: int
    motion: int
    kind: int
    tint: int
    name: str


@dataclass(frozen=True)
class Event:
    """Something that an entity did and that leaves no state. Kind 1 is speech, its payload UTF-8."""

    handle: int
    kind: int
    payload: bytes


Record = Union[Move, Leave, Enter, Event]


def items(payload: bytes) -> Tuple[int, List[Item]]:
    """The tick of a tick message's payload, and its items."""
    reader = Reader(payload)
    tick = reader.number("Q")
    found: List[Item] = []
    while reader:
        found.append(_item(reader, tick))
    return tick, found


def _item(r: Reader, tick: int) -> Item:
    tag = r.number("B")
    if tag == 1:
        frame = Frame(r.number("H"), r.varint(), r.varint(), r.blob(SERVER_MESSAGE_BYTES))
        if frame.late + frame.back > tick:
            raise WireError("a frame is older than time")
        return frame
    if tag == 2:
        slot, island, cx, cy, sub = r.number("H"), r.number("I"), r.number("h"), r.number("h"), r.number("B")
        return Key(slot, island, cx, cy, sub, _lane(r), r.number("Q"), r.blob(SERVER_MESSAGE_BYTES))
    if tag == 3:
        return Close(r.number("H"))
    if tag == 4:
        return Ack(r.number("I"), r.number("i"), r.number("i"), r.number("B"), bool(_either(r, "verdict")))
    if tag == 5:
        return Seen(r.number("h"), r.number("h"), _lane(r), r.number("Q"))
    if tag == 6:
        return Unseen(r.number("h"), r.number("h"))
    if tag == 7:
        return Reset()
    raise WireError(f"unknown item {tag}")


def _lane(r: Reader) -> int:
    return _one_of(r, "lane", 3)


def _either(r: Reader, what: str) -> int:
    return _one_of(r, what, 2)


def _one_of(r: Reader, what: str, count: int) -> int:
    value = r.number("B")
    if value >= count:
        raise WireError(f"unknown {what} {value}")
    return value


def records(chunk: Tuple[int, int], body: bytes) -> List[Record]:
    """The records of a body for a chunk, in their order: moves, leaves, enters, events."""
    r = Reader(body)
    found: List[Record] = []
    for read in (_move, _leave, _enter, _event):
        if r:
            found.extend(read(r, chunk) for _ in range(r.count(RECORDS)))
    r.finish()
    return found


def _place(r: Reader, chunk: Tuple[int, int]) -> Tuple[int, int]:
    packed = int.from_bytes(r.bytes(3), "little")
    x, y = packed & 0xFFF, packed >> 12
    return chunk[0] * CHUNK_UNITS + x - PLACE_BIAS, chunk[1] * CHUNK_UNITS + y - PLACE_BIAS


def _move(r: Reader, chunk: Tuple[int, int]) -> Move:
    handle = r.number("H")
    x, y = _place(r, chunk)
    return Move(handle, x, y, r.number("B"))


def _leave(r: Reader, _chunk: Tuple[int, int]) -> Leave:
    handle, hop, to = r.number("H"), r.number("I"), r.number("B")
    if to == 0:
        return Leave(handle, hop, "gone")
    if to == 1:
        return Leave(handle, hop, "chunk", cx=r.number("h"), cy=r.number("h"))
    if to == 2:
        return Leave(handle, hop, "node", node=r.number("Q"))
    raise WireError(f"unknown destination {to}")


def _enter(r: Reader, chunk: Tuple[int, int]) -> Enter:
    handle, entity, epoch, hop = r.number("H"), r.number("Q"), r.number("I"), r.number("I")
    x, y = _place(r, chunk)
    motion, kind, tint = r.number("B"), r.number("B"), r.number("B")
    return Enter(handle, entity, epoch, hop, x, y, motion, kind, tint, text(r.blob(NAME_BYTES)))


def _event(r: Reader, _chunk: Tuple[int, int]) -> Event:
    return Event(r.number("H"), r.number("B"), r.blob(EVENT_BYTES))

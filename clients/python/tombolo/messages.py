"""The control messages: each class is one kind, its fields in the order of the wire.

The format is that of bincode (legacy): integers little endian and of fixed width, texts, byte strings and lists after
a u64 length. The tick message is packed otherwise, see `frames`.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, fields
from typing import ClassVar, Dict, List, Optional, Type

from .wire import VERSION, Envelope, Reader, WireError, text

# The types of fields. The names are what `_read` and `_write` go by.
U8 = U16 = U32 = U64 = I16 = I32 = int
Text = str
Blob = bytes
Texts = List[str]
Numbers = List[int]
Heaps = List["Heap"]
Guests = List["Guest"]
Traces = List["Trace"]

_NUMBERS = {"U8": "B", "U16": "H", "U32": "I", "U64": "Q", "I16": "h", "I32": "i"}
_LISTS = {"Texts": "Text", "Numbers": "U32", "Heaps": "Heap", "Guests": "Guest", "Traces": "Trace"}
_PARTS: Dict[str, type] = {}


def _part(cls):
    """Registers a struct that stands inside of messages."""
    _PARTS[cls.__name__] = cls
    return cls


def _read(reader: Reader, kind: str):
    if kind in _NUMBERS:
        return reader.number(_NUMBERS[kind])
    if kind in _LISTS:
        n = reader.number("Q")
        if n > 1_000_000:
            raise WireError("a list is too long")
        return [_read(reader, _LISTS[kind]) for _ in range(n)]
    if kind in _PARTS:
        cls = _PARTS[kind]
        return cls(*(_read(reader, f.type) for f in fields(cls)))
    data = reader.bytes(reader.number("Q"))
    return text(data) if kind == "Text" else data


def _write(kind: str, value) -> bytes:
    if kind in _NUMBERS:
        return struct.pack("<" + _NUMBERS[kind], value)
    if kind in _LISTS:
        return struct.pack("<Q", len(value)) + b"".join(_write(_LISTS[kind], item) for item in value)
    if kind in _PARTS:
        return b"".join(_write(f.type, getattr(value, f.name)) for f in fields(value))
    data = value.encode("utf-8") if kind == "Text" else value
    return struct.pack("<Q", len(data)) + data


def packed(message: "Message") -> bytes:
    """The payload alone: what a deed's arguments have in common with a message."""
    return message._packed()


class Message:
    """What all control messages can do."""

    KIND: ClassVar[int]
    BY_KIND: ClassVar[Dict[int, Type["Message"]]] = {}

    def __init_subclass__(cls, kind: int):
        cls.KIND = kind
        Message.BY_KIND[kind] = cls

    def encode(self, epoch: int = 0, request: int = 0, trace: int = 0) -> bytes:
        """The whole message, envelope included."""
        return Envelope(self.KIND, self._packed(), VERSION, epoch, request, trace).encode()

    def _packed(self) -> bytes:
        return b"".join(_write(f.type, getattr(self, f.name)) for f in fields(self))

    @staticmethod
    def decode(envelope: Envelope) -> Optional["Message"]:
        """The message, or None for a kind or version that is not known here: skip it."""
        cls = Message.BY_KIND.get(envelope.kind)
        if cls is None or envelope.version != VERSION:
            return None
        if cls is Tick:
            return Tick(envelope.payload)
        reader = Reader(envelope.payload)
        values = [_read(reader, f.type) for f in fields(cls)]
        reader.finish()
        return cls(*values)


@_part
@dataclass
class Heap:
    """So many of an item."""

    item: Text
    amount: U32


@_part
@dataclass
class Guest:
    """What somebody may do on a parcel: role 1 guest, 2 builder, 3 steward."""

    entity: U64
    role: U8


GONE, TAKEN, PILE, BUILT = 0, 1, 2, 3
"""What a trace is."""


@_part
@dataclass
class Trace:
    """Something on the ground that differs from nature. Fields that do not apply to its kind are zero or empty."""

    id: U32
    kind: U8
    prop: U16
    x: I32
    y: I32
    name: Text
    amount: U32
    owner: U64
    at_ms: U64
    holds: Heaps


@dataclass
class Hello(Message, kind=1):
    """Client: who I am and which versions I speak."""

    oldest: U16
    newest: U16
    name: Text
    ticket: Blob = b""


@dataclass
class Input(Message, kind=2):
    """Client: where I am and how I move. Units; `motion` is heading * 8 + gait."""

    seq: U32
    x: I32
    y: I32
    motion: U8


@dataclass
class Speak(Message, kind=3):
    """Client: say a line to all who see me."""

    text: Text


@dataclass
class Dress(Message, kind=4):
    """Client, with a request id: the deed of changing my tint."""

    tint: U8


@dataclass
class GetBaseline(Message, kind=5):
    """Client: send the ground and natural props of a chunk in view."""

    cx: I16
    cy: I16


@dataclass
class Ping(Message, kind=6):
    """Client: measure the way and the clock."""

    client_ms: U64


@dataclass
class Bye(Message, kind=7):
    """Client: I leave."""


@dataclass
class Follow(Message, kind=8):
    """Client, on a second connection: I come with an invitation's token."""

    oldest: U16
    newest: U16
    name: Text
    token: Blob


@dataclass
class Freeze(Message, kind=9):
    """Client: I send nothing but pings until the handover is over; this was my last input."""

    handover: U64
    seq: U32


@dataclass
class Deed(Message, kind=10):
    """Client, with a request id: do something to things; `args` are the command's own, see `docs/deeds.md`."""

    deed: Text
    partner: U64
    args: Blob


@dataclass
class Offer(Message, kind=11):
    """Client: offer a trade to somebody in view."""

    to: U64
    gives: Heaps
    takes: Heaps


@dataclass
class Agree(Message, kind=12):
    """Client: agree to what somebody offered, under the number that it was shown with."""

    by: U64
    number: U64


@dataclass
class Welcome(Message, kind=64):
    """Server: the session has begun. The envelope carries its epoch."""

    version: U16
    entity: U64
    next_request: U32
    tick_hz: U32
    server_ms: U64
    island: U32
    seed: U64
    generator: U16
    size_chunks: U16
    x: I32
    y: I32
    tint: U8
    view_near: U8
    view_far: U8
    far_every: U8
    node: U64
    alternatives: Texts
    ticket: Blob
    software: Text


@dataclass
class Tick(Message, kind=65):
    """Server: all that is new in one tick. The payload is packed; read it with `frames.items`."""

    payload: Blob

    def _packed(self) -> bytes:
        return self.payload


@dataclass
class Reply(Message, kind=66):
    """Server: the outcome of the request that the envelope names; code 0 is done."""

    code: U16
    meaning: U8
    retry_after_ms: U32


@dataclass
class Baseline(Message, kind=67):
    """Server: the ground and natural props of a chunk; see `baseline`."""

    cx: I16
    cy: I16
    hash: U64
    bytes: Blob


@dataclass
class Pong(Message, kind=68):
    """Server: the answer to a ping, with the server's clock in ms since 1970."""

    client_ms: U64
    server_ms: U64


@dataclass
class Closing(Message, kind=69):
    """Server: the session ends, and why. Nothing follows."""

    code: U16
    meaning: U8
    retry_after_ms: U32


@dataclass
class Invite(Message, kind=70):
    """Server: another node is ready for you. May be ignored."""

    handover: U64
    address: Text
    token: Blob
    within_ms: U32


@dataclass
class Ready(Message, kind=71):
    """Server, on a second connection: freeze the first, and you will be welcomed here."""


@dataclass
class Stay(Message, kind=72):
    """Server: the handover is off; the session goes on here, at the envelope's epoch."""


@dataclass
class DeedReply(Message, kind=73):
    """Server: the outcome of the deed that the envelope names; code 0 is done."""

    code: U16
    meaning: U8
    retry_after_ms: U32
    gained: Heaps
    lost: Heaps
    made: Numbers


@dataclass
class Bag(Message, kind=74):
    """Server: what you have. A higher `rev` replaces a lower one."""

    rev: U64
    items: Heaps
    energy_kj: U32
    energy_as_of_ms: U64
    busy_until_ms: U64
    parcels: Texts


@dataclass
class Page(Message, kind=75):
    """Server: all traces of a chunk's page or cell (`whole` is 1), or what changed of them."""

    island: U32
    cx: I16
    cy: I16
    cell: U8
    whole: U8
    rev: U64
    land: Text
    owner: U64
    kept_until_ms: U64
    guests: Guests
    traces: Traces


@dataclass
class Offered(Message, kind=76):
    """Server: somebody offers you a trade; agree with `number`."""

    by: U64
    number: U64
    gives: Heaps
    takes: Heaps


@dataclass
class Agreed(Message, kind=77):
    """Server: somebody agreed to your offer; the deed `trade` with these items will be done once, if you ask soon."""

    by: U64
    gives: Heaps
    takes: Heaps


REJECTED, RETRY, RESYNC, RECONNECT = 1, 2, 3, 4
"""What a refusal asks of the client: change what you ask; ask again later; look again; connect again."""

CODES = {
    1: "version_unsupported",
    2: "bad_message",
    3: "name_invalid",
    4: "text_invalid",
    5: "rate_limited",
    6: "full",
    7: "replaced",
    8: "shutting_down",
    9: "store_unavailable",
    10: "too_old",
    11: "id_reused",
    12: "timed_out",
    13: "too_many_requests",
    14: "document_unreadable",
    15: "fenced",
    16: "left",
    17: "disconnected",
    18: "tls_required",
    19: "handed_over",
    40: "unknown_deed",
    41: "unknown_item",
    42: "unknown_recipe",
    43: "unknown_building",
    44: "amount_invalid",
    45: "not_enough",
    46: "bag_full",
    47: "chest_full",
    48: "out_of_range",
    49: "nothing_there",
    50: "stale",
    51: "exhausted",
    52: "not_yours",
    53: "place_invalid",
    54: "occupied",
    55: "page_full",
    56: "not_empty",
    57: "busy",
    58: "not_food",
    59: "partner_invalid",
    60: "partner_away",
    61: "no_consent",
    62: "partner_lacks",
    63: "partner_bag_full",
    64: "land_taken",
    65: "land_limit",
}
"""The names of refusal codes."""

"""Bytes: the primitives, the envelope around every message, and the splitter that cuts a stream into messages.

Nothing here knows a socket. Whatever the bytes are, reading ends in a value or a `WireError`.
See docs/protocol.md, sections "Primitives" and "Envelope".
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Iterator

HEADER = struct.Struct("<IHHIIQ")
CLIENT_MESSAGE_BYTES = 2 * 1024
SERVER_MESSAGE_BYTES = 1024 * 1024
VERSION = 1


class WireError(Exception):
    """The bytes are no message. The sender is at fault; the connection is of no use any more."""


class Reader:
    """Reads values from bytes, front to back."""

    def __init__(self, data: bytes):
        self._data = data
        self._at = 0

    def __bool__(self) -> bool:
        """Whether something is left."""
        return self._at < len(self._data)

    def bytes(self, n: int) -> bytes:
        end = self._at + n
        if n < 0 or end > len(self._data):
            raise WireError("the message ends too early")
        part = self._data[self._at : end]
        self._at = end
        return part

    def number(self, code: str) -> int:
        """One little-endian integer; `code` is that of the `struct` module."""
        return struct.unpack("<" + code, self.bytes(struct.calcsize("<" + code)))[0]

    def varint(self) -> int:
        value = 0
        for shift in range(0, 70, 7):
            byte = self.number("B")
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                if value >= 1 << 64:
                    break
                return value
        raise WireError("a varint is too long")

    def count(self, limit: int) -> int:
        n = self.varint()
        if n > limit:
            raise WireError(f"a count is {n}, the limit is {limit}")
        return n

    def blob(self, limit: int) -> bytes:
        return self.bytes(self.count(limit))

    def finish(self) -> None:
        if self:
            raise WireError("bytes follow the end of the message")


def text(data: bytes) -> str:
    """UTF-8, strictly."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise WireError("a text is not UTF-8") from error


@dataclass(frozen=True)
class Envelope:
    """One message as it came: its kind, its context, its payload."""

    kind: int
    payload: bytes
    version: int = VERSION
    epoch: int = 0
    request: int = 0
    trace: int = 0

    def encode(self) -> bytes:
        head = HEADER.pack(len(self.payload), self.kind, self.version, self.epoch, self.request, self.trace)
        return head + self.payload


class Splitter:
    """Cuts a byte stream into envelopes. Holds at most one incomplete message of at most `limit` bytes."""

    def __init__(self, limit: int = SERVER_MESSAGE_BYTES):
        self._buffer = bytearray()
        self._limit = limit

    def push(self, data: bytes) -> Iterator[Envelope]:
        """Takes in bytes as they came and yields the messages that are complete."""
        self._buffer += data
        at = 0
        try:
            while len(self._buffer) - at >= 4:
                length = struct.unpack_from("<I", self._buffer, at)[0]
                if length > self._limit:
                    raise WireError(f"a payload is {length} bytes, the limit is {self._limit}")
                end = at + HEADER.size + length
                if len(self._buffer) < end:
                    break
                _, kind, version, epoch, request, trace = HEADER.unpack_from(self._buffer, at)
                payload = bytes(self._buffer[at + HEADER.size : end])
                at = end
                yield Envelope(kind, payload, version, epoch, request, trace)
        finally:
            del self._buffer[:at]

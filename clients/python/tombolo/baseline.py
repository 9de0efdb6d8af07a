"""Baselines: the ground and natural props of a chunk, and a cache of them by content hash."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import List, Optional

from .motion import CHUNK_UNITS
from .wire import Reader, WireError

VERSION = 1
BIOMES = (
    "deep water", "shallow water", "beach", "marsh", "grassland", "meadow", "forest", "pine forest", "hill", "rock",
)
PROPS = (
    "oak", "birch", "pine", "palm", "willow", "bush", "berry bush", "reed", "flowers", "mushroom", "boulder", "flint",
    "copper ore", "iron ore", "driftwood", "shells",
)
MAX_PROPS = 512


def content_hash(data: bytes) -> int:
    """64-bit FNV-1a."""
    value = 0xCBF29CE484222325
    for byte in data:
        value = (value ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return value


@dataclass(frozen=True)
class Prop:
    """A natural thing; units from the chunk's north-west corner."""

    kind: str
    x: int
    y: int
    index: int


@dataclass(frozen=True)
class Ground:
    """The nature of one chunk."""

    heights_cm: List[int]
    """16 x 16 vertices, 2 m apart, row by row from the north, in centimetres above the water."""
    biomes: List[str]
    """15 x 15 cells between the vertices."""
    props: List[Prop]


def decode(data: bytes) -> Ground:
    """The ground of a baseline's bytes."""
    r = Reader(data)
    if r.number("B") != VERSION:
        raise WireError("unknown baseline version")
    heights = [r.number("h") for _ in range(256)]
    biomes: List[str] = []
    for _ in range(r.number("B")):
        length, biome = r.number("B"), _named(BIOMES, r.number("B"))
        biomes += [biome] * length
    if len(biomes) != 225:
        raise WireError("the biome runs do not fill the chunk")
    count = r.number("H")
    if count > MAX_PROPS:
        raise WireError("too many props")
    props = [Prop(_named(PROPS, r.number("B")), r.number("H"), r.number("H"), r.number("H")) for _ in range(count)]
    if any(max(p.x, p.y) >= CHUNK_UNITS for p in props):
        raise WireError("a prop stands outside its chunk")
    r.finish()
    return Ground(heights, biomes, props)


def _named(names, number: int) -> str:
    if number >= len(names):
        raise WireError(f"unknown number {number}")
    return names[number]


class Cache:
    """Baselines by content hash, in memory and, if a directory is given, in files that outlive the program."""

    def __init__(self, directory: Optional[Path] = None):
        self._held = {}
        self._directory = directory
        if directory is not None:
            directory.mkdir(parents=True, exist_ok=True)

    def get(self, content: int) -> Optional[bytes]:
        """The bytes with this hash, if they are here and whole."""
        if content not in self._held and self._directory is not None:
            path = self._directory / f"{content:016x}"
            data = path.read_bytes() if path.is_file() else b""
            if content_hash(data) == content:
                self._held[content] = data
        return self._held.get(content)

    def put(self, data: bytes) -> None:
        """Keeps the bytes."""
        content = content_hash(data)
        self._held[content] = data
        if self._directory is not None:
            (self._directory / f"{content:016x}").write_bytes(data)

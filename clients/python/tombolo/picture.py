"""What a client sees: entities kept from streams by the rules of docs/protocol.md, section "The picture".

A picture knows no socket. It takes the items of one tick message after the other and keeps, for each entity, the
newest that was said of it. What the server may never say is counted in `violations`.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Dict, List, Optional, Tuple

from . import frames
from .motion import CHUNK_UNITS, EDGE_UNITS, Segment

Chunk = Tuple[int, int]
Order = Tuple[int, int]
"""(epoch, hop): what orders everything that is said of an entity."""

LIMBO_LEAVE_MS = 2_000
LIMBO_MISSING_MS = 500
DEPARTED_MS = 60_000


@dataclass
class Entity:
    """Somebody whom the client sees."""

    entity: int
    order: Order
    kind: int
    tint: int
    name: str
    segment: Segment
    slot: Optional[int]
    """The slot that may move or remove the entity; None in limbo."""
    handle: int
    limbo_until: int = 0
    """The tick at which an entity in limbo goes."""


@dataclass
class Slot:
    """A stream as this connection knows it."""

    chunk: Chunk
    lane: int
    stream: Tuple[int, int, int]
    """Publisher, island, sub-cell."""
    last: int
    """The tick of the last frame, or of the key while there was none."""
    framed: bool = False
    """Whether a frame came since the key."""
    bindings: Dict[int, int] = field(default_factory=dict)
    """The entity of each handle."""
    said: Dict[int, Order] = field(default_factory=dict)
    """The newest order that this stream gave each entity."""


class Picture:
    """All entities, chunks and slots of one connection. Begin anew with each connection."""

    def __init__(self, island: int, size_chunks: int, tick_hz: int):
        self.island = island
        self.size_chunks = size_chunks
        self.tick_hz = tick_hz
        self.tick = 0
        self.entities: Dict[int, Entity] = {}
        self.seen: Dict[Chunk, Tuple[int, int]] = {}
        """Chunks in view: lane and baseline hash."""
        self.slots: Dict[int, Slot] = {}
        self.counts: Counter = Counter()
        self.violations: Counter = Counter()
        self.examples: List[str] = []
        self._departed: Dict[int, Tuple[int, Order]] = {}
        self._spoken: List[Tuple[int, bytes]] = []

    def place(self, entity: int, tick: int) -> Tuple[int, int]:
        """Where an entity is at a tick, in units."""
        return self.entities[entity].segment.at(tick, self.tick_hz)

    def apply(self, tick: int, items: List[frames.Item]) -> List[Tuple[int, bytes]]:
        """Takes in one tick message. Returns who spoke: (entity, UTF-8)."""
        if tick <= self.tick:
            self._violation("tick", f"message {tick} after {self.tick}")
        self.tick = max(tick, self.tick)
        self.counts["ticks"] += 1
        self._spoken = []
        for item in items:
            self._item(tick, item)
        self._expire()
        self._check_slots()
        return self._spoken

    def handed(self) -> None:
        """Another node goes on: it may begin with the tick with which the first one ended."""
        self.tick = max(self.tick - 1, 0)

    # Items

    def _item(self, tick: int, item: frames.Item) -> None:
        if isinstance(item, frames.Frame):
            self._frame(tick, item)
        elif isinstance(item, frames.Key):
            self._key(tick, item)
        elif isinstance(item, frames.Close):
            self._close(item.slot)
        elif isinstance(item, frames.Seen):
            self._bounds("chunk", (item.cx, item.cy), 0 <= item.cx < self.size_chunks, 0 <= item.cy < self.size_chunks)
            self.seen[item.cx, item.cy] = (item.lane, item.baseline)
        elif isinstance(item, frames.Unseen):
            if self.seen.pop((item.cx, item.cy), None) is None:
                self._violation("unseen", f"chunk {item.cx}, {item.cy} was not in view")
        elif isinstance(item, frames.Reset):
            self.counts["resets"] += 1
            self._reset()

    def _reset(self) -> None:
        self.entities.clear()
        self.slots.clear()
        self.seen.clear()
        self._departed.clear()

    def _key(self, tick: int, key: frames.Key) -> None:
        self.counts["keys"] += 1
        chunk, stream = (key.cx, key.cy), (key.publisher, key.island, key.sub)
        old = self.slots.get(key.slot)
        if old is not None and (old.chunk, old.stream) != (chunk, stream):
            self._violation("slot", f"slot {key.slot} changes its stream without a close")
            self._close(key.slot)
            old = None
        if key.island != self.island:
            self._violation("island", f"a stream of island {key.island}")
        records = frames.records(chunk, key.body)
        slot = Slot(chunk, key.lane, stream, tick)
        if old is not None:
            slot.said = old.said
        enters = [r for r in records if isinstance(r, frames.Enter)]
        if len(enters) != len(records):
            self._violation("key", f"slot {key.slot} has a key with other records than enters")
        named = {enter.entity for enter in enters}
        for entity in list(self.entities.values()):
            if entity.slot == key.slot and entity.entity not in named:
                self._await(entity, LIMBO_MISSING_MS)
        self.slots[key.slot] = slot
        for enter in enters:
            self.counts["updates"] += 1
            self._enter(tick, key.slot, slot, enter)

    def _frame(self, tick: int, frame: frames.Frame) -> None:
        self.counts["frames"] += 1
        slot = self.slots.get(frame.slot)
        if slot is None:
            self._violation("slot", f"a frame for slot {frame.slot}, which is not open")
            return
        at = tick - frame.late
        self._continuity(frame, slot, at)
        slot.last, slot.framed = at, True
        for record in frames.records(slot.chunk, frame.body):
            if not isinstance(record, frames.Event):
                self.counts["updates"] += 1
            self._record(at, frame.slot, slot, record)

    def _continuity(self, frame: frames.Frame, slot: Slot, at: int) -> None:
        if slot.framed and at <= slot.last:
            self._violation("replay", f"slot {frame.slot}: frame {at} after {slot.last}")
        if frame.back == 0:
            if slot.framed:
                self._violation("gap", f"slot {frame.slot}: a first frame {at} after {slot.last}")
        elif at - frame.back > slot.last:
            self._violation("gap", f"slot {frame.slot}: frame {at} follows {at - frame.back}, held is {slot.last}")

    def _close(self, number: int) -> None:
        # A slot that began and ended while its chunk was not told here is closed all the same.
        self.slots.pop(number, None)
        for entity in [e for e in self.entities.values() if e.slot == number]:
            self._await(entity, LIMBO_MISSING_MS)

    # Records

    def _record(self, at: int, number: int, slot: Slot, record: frames.Record) -> None:
        if isinstance(record, frames.Enter):
            self._enter(at, number, slot, record)
            return
        bound = slot.bindings.get(record.handle)
        if bound is None:
            self._unknown(number, slot, record)
            return
        entity = self.entities.get(bound)
        speaks = entity is not None and entity.slot == number and entity.handle == record.handle
        if isinstance(record, frames.Move):
            self._bounds("place", (record.x, record.y), *self._on_island(record.x, record.y))
            if speaks:
                entity.segment = Segment(record.x, record.y, at, record.motion)
        elif isinstance(record, frames.Leave):
            del slot.bindings[record.handle]
            slot.said[bound] = max(slot.said[bound], (slot.said[bound][0], record.hop))
            if speaks and record.hop >= entity.order[1]:
                self._leave(entity, record)
        elif speaks and record.kind == frames.SPEECH:
            self._spoken.append((entity.entity, record.payload))

    def _unknown(self, number: int, slot: Slot, record: frames.Record) -> None:
        # A slower lane may tell of the leave of somebody who came and went between two of its frames, and a node does
        # not key an entity that it holds by a newer epoch on another stream. Neither is ours to judge.
        self.counts["unknown_handles"] += 1

    def _enter(self, at: int, number: int, slot: Slot, enter: frames.Enter) -> None:
        self._bounds("place", (enter.x, enter.y), *self._on_island(enter.x, enter.y))
        order = (enter.epoch, enter.hop)
        if order < slot.said.get(enter.entity, (0, 0)):
            self._violation("order", f"slot {number}: entity {enter.entity} goes back to {order}")
        slot.said[enter.entity] = order
        slot.bindings[enter.handle] = enter.entity
        held = self.entities.get(enter.entity)
        known = held.order if held else self._departed.get(enter.entity, (0, (0, 0)))[1]
        if order < known:
            self.counts["stale"] += 1
            return
        if held is None:
            self.counts["entered"] += 1
        self._departed.pop(enter.entity, None)
        segment = Segment(enter.x, enter.y, at, enter.motion)
        self.entities[enter.entity] = Entity(
            enter.entity, order, enter.kind, enter.tint, enter.name, segment, number, enter.handle
        )

    def _leave(self, entity: Entity, leave: frames.Leave) -> None:
        entity.order = (entity.order[0], leave.hop)
        if leave.to == "node" or (leave.to == "chunk" and (leave.cx, leave.cy) in self.seen):
            self._await(entity, LIMBO_LEAVE_MS)
        else:
            self._remove(entity)

    # Limbo and memory

    def _ticks(self, ms: int) -> int:
        return -(-ms * self.tick_hz // 1000)

    def _await(self, entity: Entity, ms: int) -> None:
        self.counts["awaited"] += 1
        entity.slot = None
        entity.limbo_until = self.tick + self._ticks(ms)

    def _remove(self, entity: Entity) -> None:
        del self.entities[entity.entity]
        self._departed[entity.entity] = (self.tick + self._ticks(DEPARTED_MS), entity.order)

    def _expire(self) -> None:
        for entity in [e for e in self.entities.values() if e.slot is None and e.limbo_until <= self.tick]:
            self.counts["limbo_ended"] += 1
            self._remove(entity)
        if self.tick % self.tick_hz == 0:
            self._departed = {e: d for e, d in self._departed.items() if d[0] > self.tick}

    # Checks

    def _check_slots(self) -> None:
        for number, slot in self.slots.items():
            if slot.chunk not in self.seen:
                self._violation("leak", f"slot {number} is open on {slot.chunk}, which is not in view")

    def _on_island(self, x: int, y: int) -> Tuple[bool, bool]:
        low, high = -EDGE_UNITS, self.size_chunks * CHUNK_UNITS + EDGE_UNITS
        return low <= x < high, low <= y < high

    def _bounds(self, what: str, place: Tuple[int, int], x_holds: bool, y_holds: bool) -> None:
        if not (x_holds and y_holds):
            self._violation("bounds", f"{what} {place} is not on the island")

    def _violation(self, kind: str, detail: str) -> None:
        self.violations[kind] += 1
        if len(self.examples) < 20:
            self.examples.append(f"{kind}: {detail}")

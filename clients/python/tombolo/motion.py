"""Space and motion in whole numbers, exactly as the server computes them.

A unit is 1/120 m. x grows east, y grows south. A motion byte is heading * 8 + gait.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Tuple

CHUNK_UNITS = 3600
EDGE_UNITS = 240
UNITS_PER_SECOND = (0, 84, 180, 300, 420, 540, 720, 1080)
STAND, CREEP, WALK, STRIDE, JOG, RUN, SPRINT, GALLOP = range(8)
_QUARTER = (0, 799, 1567, 2276, 2896, 3406, 3784, 4017, 4096)


def motion(heading: int, gait: int) -> int:
    """The motion byte. Headings go clockwise from east (0) over south (8), 32 in all."""
    return (heading % 32) << 3 | gait


def _sine(k: int) -> int:
    k %= 32
    if k <= 8:
        return _QUARTER[k]
    if k <= 16:
        return _QUARTER[16 - k]
    if k <= 24:
        return -_QUARTER[k - 16]
    return -_QUARTER[32 - k]


def velocity(motion_byte: int, tick_hz: int) -> Tuple[int, int]:
    """Units per tick, east and south: rounded to the nearest, halves away from zero."""
    heading, speed = motion_byte >> 3, UNITS_PER_SECOND[motion_byte & 7]
    divisor = 4096 * tick_hz

    def scaled(unit: int) -> int:
        product = unit * speed
        rounded = (abs(product) + divisor // 2) // divisor
        return rounded if product >= 0 else -rounded

    return scaled(_sine(heading + 8)), scaled(_sine(heading))


@dataclass(frozen=True)
class Segment:
    """Where somebody was at a tick and how he has moved since."""

    x: int
    y: int
    tick: int
    motion: int

    def at(self, tick: int, tick_hz: int) -> Tuple[int, int]:
        """The place at a tick, in units. Before its own tick it is where it begins."""
        vx, vy = velocity(self.motion, tick_hz)
        ticks = max(0, tick - self.tick)
        return self.x + vx * ticks, self.y + vy * ticks

    def onward(self, tick: int, motion_byte: int, tick_hz: int) -> "Segment":
        """From the place at `tick` on with another motion."""
        x, y = self.at(tick, tick_hz)
        return Segment(x, y, max(tick, self.tick), motion_byte)


def chunk_of(x: int, y: int) -> Tuple[int, int]:
    """The chunk whose ground this is."""
    return x // CHUNK_UNITS, y // CHUNK_UNITS

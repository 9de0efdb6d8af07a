"""The rules of the picture, one adversary after the other."""

import json
import unittest

from tombolo import frames
from tombolo.motion import CHUNK_UNITS, Segment, velocity
from tombolo.picture import Picture

from .test_golden import GOLDEN

HERE, THERE, FAR_AWAY = (3, 3), (4, 3), (9, 9)
BEGIN = 1_000


def place(chunk, dx=100, dy=100):
    """The packed place of a position in a chunk."""
    return ((dx + frames.PLACE_BIAS) | (dy + frames.PLACE_BIAS) << 12).to_bytes(3, "little")


def move(handle, dx=100, motion=0):
    return handle.to_bytes(2, "little") + place(HERE, dx) + bytes([motion])


def leave(handle, hop, to=None):
    head = handle.to_bytes(2, "little") + hop.to_bytes(4, "little")
    if to is None:
        return head + b"\0"
    if to == "node":
        return head + b"\2" + bytes(8)
    return head + b"\1" + to[0].to_bytes(2, "little") + to[1].to_bytes(2, "little")


def enter(handle, entity, epoch=1, hop=0, dx=100, motion=0, name=b"x"):
    head = handle.to_bytes(2, "little") + entity.to_bytes(8, "little")
    order = epoch.to_bytes(4, "little") + hop.to_bytes(4, "little")
    return head + order + place(HERE, dx) + bytes([motion, 0, 0, len(name)]) + name


def speech(handle, line):
    return handle.to_bytes(2, "little") + bytes([1, len(line)]) + line


def body(moves=(), leaves=(), enters=(), events=()):
    return b"".join(bytes([len(s)]) + b"".join(s) for s in (moves, leaves, enters, events))


def key(slot, chunk, *enters, lane=0, publisher=5):
    return frames.Key(slot, 1, chunk[0], chunk[1], 0, lane, publisher, body(enters=enters) if enters else b"")


def seen(*chunks):
    return [frames.Seen(cx, cy, 0, 0) for cx, cy in chunks]


class Rules(unittest.TestCase):
    def setUp(self):
        self.picture = Picture(island=1, size_chunks=10, tick_hz=10)
        self.tick = BEGIN

    def step(self, *items, ticks=1):
        self.tick += ticks
        return self.picture.apply(self.tick, list(items))

    def frame(self, slot=1, back=1, late=0, **sections):
        return frames.Frame(slot, late, back, body(**sections))

    def sees(self, *entities):
        self.assertEqual(sorted(self.picture.entities), sorted(entities))
        self.assertEqual(dict(self.picture.violations), {}, self.picture.examples)

    def violates(self, kind):
        self.assertEqual(dict(self.picture.violations), {kind: 1}, self.picture.examples)

    def two_streams(self, *enters):
        self.step(*seen(HERE, THERE), key(1, HERE, *enters), key(2, THERE))

    def test_a_move_restates_the_segment(self):
        self.two_streams(enter(7, 70))
        self.step(self.frame(moves=[move(7, dx=200, motion=6)]))
        self.sees(70)
        at = self.picture.entities[70].segment
        self.assertEqual((at.x, at.tick), (HERE[0] * CHUNK_UNITS + 200, self.tick))
        self.assertEqual(self.picture.place(70, self.tick + 5)[0], at.x + 5 * velocity(6, 10)[0])

    def test_a_late_frame_counts_from_its_own_tick(self):
        self.two_streams(enter(7, 70))
        self.step(self.frame(late=2, back=1, moves=[move(7)]), ticks=3)
        self.assertEqual(self.picture.entities[70].segment.tick, self.tick - 2)
        self.sees(70)

    def test_a_crossing_whose_leave_comes_first(self):
        self.two_streams(enter(7, 70))
        self.step(self.frame(leaves=[leave(7, 1, THERE)]))
        self.sees(70)
        self.assertIsNone(self.picture.entities[70].slot)
        self.step(self.frame(slot=2, back=2, enters=[enter(7, 70, hop=1)]))
        self.sees(70)
        self.step(ticks=50)
        self.sees(70)

    def test_a_crossing_whose_enter_comes_first(self):
        self.two_streams(enter(7, 70))
        self.step(self.frame(slot=2, enters=[enter(7, 70, hop=1)]))
        self.step(self.frame(leaves=[leave(7, 1, THERE)], back=2))
        self.assertEqual(self.picture.entities[70].slot, 2)
        self.sees(70)

    def test_an_enter_that_never_comes(self):
        self.two_streams(enter(7, 70))
        self.step(self.frame(leaves=[leave(7, 1, "node")]))
        self.step(ticks=19)
        self.sees(70)
        self.step()
        self.sees()

    def test_a_leave_out_of_view(self):
        self.two_streams(enter(7, 70), enter(8, 80))
        self.step(self.frame(leaves=[leave(7, 1, FAR_AWAY), leave(8, 1)]))
        self.sees()

    def test_an_old_record_after_the_departure(self):
        self.two_streams(enter(7, 70, hop=4))
        self.step(self.frame(leaves=[leave(7, 5)]))
        self.step(self.frame(slot=2, back=2, enters=[enter(9, 70, hop=4)]))
        self.sees()
        self.step(self.frame(slot=2, back=1, enters=[enter(9, 70, hop=5)]))
        self.sees(70)

    def test_a_move_by_a_stream_that_no_longer_speaks_for_him(self):
        self.two_streams(enter(7, 70))
        self.step(self.frame(slot=2, enters=[enter(3, 70, hop=1, dx=300)]))
        self.step(self.frame(back=2, moves=[move(7, dx=500)]))
        self.assertEqual(self.picture.entities[70].segment.x, HERE[0] * CHUNK_UNITS + 300 + CHUNK_UNITS)
        self.sees(70)

    def test_a_key_that_lacks_somebody(self):
        self.two_streams(enter(7, 70), enter(8, 80))
        self.step(key(1, HERE, enter(7, 70)))
        self.sees(70, 80)
        self.step(ticks=5)
        self.sees(70)

    def test_a_close_awaits_whom_the_slot_speaks_for(self):
        self.two_streams(enter(7, 70), enter(8, 80))
        self.step(self.frame(slot=2, enters=[enter(8, 80, hop=1)]))
        self.step(frames.Close(1), frames.Unseen(*HERE))
        self.sees(70, 80)
        self.step(ticks=5)
        self.sees(80)

    def test_a_lane_change_keeps_whom_the_new_slot_names(self):
        self.two_streams(enter(7, 70))
        for slot, lane in ((3, 1), (4, 2), (5, 0)):
            self.step(key(slot, HERE, enter(7, 70), lane=lane), frames.Close(1 if slot == 3 else slot - 1))
            self.sees(70)

    def test_a_reset_forgets_all(self):
        self.two_streams(enter(7, 70))
        self.step(frames.Reset(), *seen(HERE), key(1, HERE, enter(8, 80)))
        self.sees(80)

    def test_speech_is_heard_once(self):
        self.two_streams(enter(7, 70))
        self.assertEqual(self.step(self.frame(events=[speech(7, b"Ahoi")])), [(70, b"Ahoi")])
        self.assertEqual(self.step(), [])

    def test_a_gap(self):
        self.two_streams(enter(7, 70))
        self.step(self.frame(moves=[move(7)]))
        self.step(self.frame(back=2, moves=[move(7)]), ticks=5)
        self.violates("gap")

    def test_a_replay(self):
        self.two_streams(enter(7, 70))
        self.step(self.frame(moves=[move(7)]))
        self.step(self.frame(late=1, back=1, moves=[move(7)]))
        self.violates("replay")

    def test_an_unknown_handle(self):
        self.two_streams(enter(7, 70))
        self.step(self.frame(moves=[move(9)]))
        self.assertEqual(self.picture.counts["unknown_handles"], 1)
        self.assertEqual(sum(self.picture.violations.values()), 0)

    def test_a_slot_that_is_not_open(self):
        self.step(self.frame(moves=[move(9)]))
        self.violates("slot")

    def test_an_order_that_goes_back(self):
        self.two_streams(enter(7, 70, epoch=3))
        self.step(self.frame(enters=[enter(7, 70, epoch=2)]))
        self.violates("order")

    def test_a_stream_of_a_chunk_out_of_view(self):
        self.step(*seen(HERE), key(1, THERE))
        self.violates("leak")

    def test_a_tick_that_goes_back(self):
        self.step()
        self.picture.apply(self.tick, [])
        self.violates("tick")

    def test_a_chunk_off_the_island(self):
        self.step(*seen((10, 3)))
        self.violates("bounds")


class Velocities(unittest.TestCase):
    def test_the_documents_table(self):
        table = [(0, 2, 18, 0), (0, 6, 72, 0), (4, 5, 38, 38), (8, 6, 0, 72), (31, 2, 18, -4), (16, 1, -8, 0)]
        for heading, gait, east, south in table:
            self.assertEqual(velocity(heading << 3 | gait, 10), (east, south), (heading, gait))

    def test_all_velocities_are_the_servers(self):
        for hz, pairs in json.loads((GOLDEN / "velocities.json").read_text()).items():
            self.assertEqual([list(velocity(motion, int(hz))) for motion in range(256)], pairs, hz)

    def test_a_segment_may_be_restated(self):
        segment = Segment(100, 200, 50, 4 << 3 | 5)
        self.assertEqual(segment.onward(60, segment.motion, 10).at(75, 10), segment.at(75, 10))
        self.assertEqual(segment.at(10, 10), (100, 200))


if __name__ == "__main__":
    unittest.main()

"""Deeds, bags, pages and trades: the bytes of deeds as the Rust client pins them, and a stand-in server."""

import unittest
from pathlib import Path

from tombolo import deeds, messages
from tombolo.client import Agreed, BagChanged, Client, Offered, PageChanged, Replied
from tombolo.messages import Heap
from tombolo.things import Pages
from tombolo.wire import WireError

from .test_client import CHUNK, StandIn, poll_until

GOLDEN = Path(__file__).resolve().parents[3] / "crates" / "client" / "golden" / "deeds.txt"
AT = ((2, -3), 0x01000007)
OFFER = messages.Offer(8, [Heap("wood", 2)], [Heap("stone", 1), Heap("rope", 4)])
CELL = 3 << 24


def page(cell=0, whole=1, rev=1, traces=(), chunk=CHUNK, **land):
    fields = {"land": "", "owner": 0, "kept_until_ms": 0, "guests": [], **land}
    return messages.Page(1, *chunk, cell, whole, rev, traces=list(traces), **fields)


def pile(trace, amount):
    return messages.Trace(trace, messages.PILE, 0, 5, 6, "wood", amount, 0, 9, [])


def gone(trace):
    return messages.Trace(trace, messages.GONE, 0, 0, 0, "", 0, 0, 0, [])


class Bytes(unittest.TestCase):
    def test_deeds_are_packed_as_pinned(self):
        made = [
            deeds.gather(AT[0], 9, 4), deeds.drop("wood", 3), deeds.pick_up(AT, "wood", 3), deeds.craft("rope", 2),
            deeds.craft("rope", 2, AT), deeds.build("chest", (-5, 7)), deeds.dismantle(AT),
            deeds.put_in(AT, "wood", 3), deeds.take_out(AT, "wood", 3), deeds.give(8, "wood", 3), deeds.trade(OFFER),
            deeds.eat("wood", 3), deeds.claim([(2, -3), (2, -2)]), deeds.share("4d-1", 8, deeds.BUILDER),
            deeds.upkeep("4d-1", 3), deeds.abandon("4d-1"),
        ]
        lines = [f"{deed.deed} {deed.partner} {deed.args.hex()}" for deed in made]
        self.assertEqual(lines, GOLDEN.read_text().splitlines())


class Rules(unittest.TestCase):
    def test_a_whole_page_replaces_its_cell_and_changes_change_it(self):
        pages = Pages()
        steps = [
            (page(rev=10, traces=[pile(1, 1), pile(2, 2)]), True, {1: 1, 2: 2}),
            (page(cell=3, rev=4, traces=[pile(CELL, 5)]), True, {1: 1, 2: 2, CELL: 5}),
            (page(whole=0, rev=11, traces=[pile(3, 3), gone(1)]), True, {2: 2, 3: 3, CELL: 5}),
            (page(whole=0, rev=10, traces=[gone(2)]), False, {2: 2, 3: 3, CELL: 5}),
            (page(cell=3, rev=3), True, {2: 2, 3: 3}),
            (page(rev=2, traces=[pile(9, 9)]), True, {9: 9}),
        ]
        for step, (told, taken, expected) in enumerate(steps):
            with self.subTest(step):
                self.assertEqual(pages.take(told), taken)
                self.assertEqual({trace.id: trace.amount for trace in pages.traces(CHUNK)}, expected)
        self.assertEqual(pages.trace(CHUNK, 9).amount, 9)
        self.assertIsNone(pages.trace(CHUNK, CELL))
        pages.unseen(CHUNK)
        self.assertEqual(len(pages), 0)

    def test_whose_land_it_is_comes_with_the_page(self):
        pages = Pages()
        pages.take(page(land="4d-1", owner=7, kept_until_ms=99, guests=[messages.Guest(8, 2)]))
        land = pages.land(CHUNK)
        self.assertEqual((land.name, land.owner, land.guests), ("4d-1", 7, {8: 2}))
        pages.take(page(whole=0, rev=2))
        self.assertIsNone(pages.land(CHUNK))

    def test_a_trace_in_another_cell_is_no_page(self):
        with self.assertRaises(WireError):
            Pages().take(page(traces=[pile(CELL, 1)]))


class Market(StandIn):
    """Says what it is told to say when a deed comes, and answers it."""

    def __init__(self, *replies, **kwargs):
        self.replies = list(replies)
        super().__init__(**kwargs)

    def answer(self, envelope, message):
        context = {"epoch": self.epoch, "request": envelope.request}
        if isinstance(message, messages.Deed) and self.replies:
            return b"".join(reply.encode(**context) for reply in self.replies.pop(0))
        if isinstance(message, messages.Offer):
            offered = messages.Offered(9, 5, [Heap("reed", 1)], [])
            return messages.Agreed(message.to, message.gives, message.takes).encode() + offered.encode()
        return super().answer(envelope, message)


def reply(code=0, meaning=0, gained=(), lost=(), made=(), after=0):
    return messages.DeedReply(code, meaning, after, list(gained), list(lost), list(made))


class Trading(unittest.TestCase):
    def enter(self, server):
        client = Client(server.address, "mira")
        client.connect()
        self.addCleanup(client.close)
        return client

    def test_a_deed_brings_its_receipt_a_bag_and_a_page(self):
        bags = [messages.Bag(rev, [Heap("wood", rev)], 0, 0, 0, []) for rev in (7, 6)]
        told = [page(rev=2, traces=[pile(1, 4)]), *bags, reply(gained=[Heap("wood", 4)], made=[1])]
        server = Market(told, [reply(50, messages.RESYNC)])
        client = self.enter(server)
        request = client.do(deeds.gather(CHUNK, 3, 2))
        happenings = poll_until(client, lambda h: any(isinstance(each, Replied) for each in h))
        replied = Replied(request, 0, (Heap("wood", 4),), (), (1,))
        self.assertEqual(happenings[-3:], [PageChanged(*CHUNK), BagChanged(), replied])
        self.assertEqual((client.bag.rev, client.pages.trace(CHUNK, 1).amount), (7, 4))
        request = client.do(deeds.drop("wood"))
        happenings = poll_until(client, lambda h: any(isinstance(each, Replied) for each in h))
        self.assertEqual(happenings[-1], Replied(request, 50))

    def test_busy_hands_are_asked_again_under_the_same_id(self):
        server = Market([reply(57, messages.RETRY, after=50)], [reply()])
        client = self.enter(server)
        request = client.do(deeds.eat("berry"))
        happenings = poll_until(client, lambda h: any(isinstance(each, Replied) for each in h))
        self.assertEqual(happenings[-1], Replied(request, 0))
        self.assertEqual([envelope.request for envelope, _ in server.of(messages.Deed)], [request, request])

    def test_an_unanswered_deed_is_said_again_in_the_next_session(self):
        server = Market([messages.Closing(8, messages.RECONNECT, 10)], [reply()])
        client = self.enter(server)
        request = client.do(deeds.eat("berry"))
        server.epoch = 2
        happenings = poll_until(client, lambda h: any(isinstance(each, Replied) for each in h), 8.0)
        self.assertEqual(happenings[-1], Replied(request, 0))

    def test_an_agreement_names_the_offer_that_it_is_to(self):
        server = Market()
        client = self.enter(server)
        offer = client.offer(8, {"wood": 2}, {"stone": 1})
        happenings = poll_until(client, lambda h: any(isinstance(each, Offered) for each in h))
        self.assertEqual(happenings[-2], Agreed(8, offer))
        client.agree(happenings[-1])
        poll_until(client, lambda _: server.of(messages.Agree), 2.0)
        self.assertEqual(server.of(messages.Agree)[0][1], messages.Agree(9, 5))


if __name__ == "__main__":
    unittest.main()

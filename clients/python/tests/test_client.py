"""The client against a stand-in server on loopback: handshake, deeds, clock, corrections and moving house."""

import contextlib
import io
import json
import socket
import threading
import time
import unittest
from dataclasses import replace

from tombolo import baseline, messages
from tombolo.__main__ import main
from tombolo.client import Client, Corrected, Refused, Replied, parse_address
from tombolo.wire import Splitter

from .test_golden import golden

HZ = 10
GROUND = bytes([1]) + bytes(512) + bytes([1, 225, 4]) + bytes(2)
CHUNK = (3, 2)


def welcome(**changes):
    (envelope,) = Splitter().push(golden("welcome"))
    return replace(messages.Message.decode(envelope), **{"tick_hz": HZ, "alternatives": [], **changes})


LISTENERS = []


def tearDownModule():
    for listener in LISTENERS:
        listener.close()


class StandIn(threading.Thread):
    """A server of one person at a time. `greet` answers a hello; what the client sends is in `heard`."""

    def __init__(self, epoch=1, refuse=None, correct=False, close_after_dress=False, **changes):
        super().__init__(daemon=True)
        self.listener = socket.create_server(("127.0.0.1", 0))
        LISTENERS.append(self.listener)
        self.address = self.listener.getsockname()
        self.heard = []
        self.epoch, self.refuse, self.correct = epoch, refuse, correct
        self.close_after_dress, self.changes = close_after_dress, changes
        self.on_freeze = lambda _: b""
        self.connections = []
        self.start()

    def run(self):
        with contextlib.suppress(OSError):
            while True:
                self.serve(self.listener.accept()[0])

    def serve(self, connection):
        splitter = Splitter()
        self.connections.append(connection)
        with connection:
            while True:
                data = connection.recv(4096)
                if not data:
                    return
                for envelope in splitter.push(data):
                    message = messages.Message.decode(envelope)
                    self.heard.append((envelope, message))
                    answer = self.answer(envelope, message)
                    connection.sendall(answer)
                    if isinstance(message, messages.Dress) and self.close_after_dress:
                        return

    def answer(self, envelope, message):
        context = {"epoch": self.epoch, "request": envelope.request}
        if isinstance(message, messages.Hello):
            if self.refuse is not None:
                return messages.Closing(self.refuse, messages.REJECTED, 0).encode()
            now = int(time.time() * 1000)
            return welcome(server_ms=now, **self.changes).encode(epoch=self.epoch) + self.first_tick()
        if isinstance(message, messages.Follow):
            return messages.Ready().encode() if message.token == b"key" else messages.Closing(19, 4, 0).encode()
        if isinstance(message, messages.Freeze):
            return self.on_freeze(self) or b""
        if isinstance(message, messages.Dress):
            if self.close_after_dress:
                return messages.Closing(8, messages.RECONNECT, 10).encode(**context)
            return messages.Reply(0, 0, 0).encode(**context)
        if isinstance(message, messages.Speak):
            return messages.Reply(5, messages.RETRY, 1000).encode(**context)
        if isinstance(message, messages.Ping):
            return messages.Pong(message.client_ms, int(time.time() * 1000)).encode(**context)
        if isinstance(message, messages.GetBaseline):
            content = baseline.content_hash(GROUND)
            return messages.Baseline(message.cx, message.cy, content, GROUND).encode(**context)
        if isinstance(message, messages.Input) and self.correct:
            ack = b"\4" + message.seq.to_bytes(4, "little") + (12_000).to_bytes(4, "little")
            return self.tick(ack + (8_400).to_bytes(4, "little") + bytes([message.motion & 0xF8, 1]))
        return b""

    def tick(self, items):
        number = int(time.time() * HZ)
        return messages.Tick(number.to_bytes(8, "little") + items).encode(epoch=self.epoch)

    def first_tick(self):
        seen = b"\5" + b"".join(c.to_bytes(2, "little") for c in CHUNK) + b"\0"
        return self.tick(b"\7" + seen + baseline.content_hash(GROUND).to_bytes(8, "little"))

    def of(self, kind):
        return [(e, m) for e, m in self.heard if isinstance(m, kind)]


def poll_until(client, done, seconds=5.0):
    happenings, deadline = [], time.monotonic() + seconds
    while time.monotonic() < deadline and not done(happenings):
        happenings += client.poll(0.02)
    return happenings


class Connection(unittest.TestCase):
    def enter(self, server, name="mira"):
        client = Client(server.address, name)
        client.connect()
        self.addCleanup(client.close)
        return client

    def test_handshake_clock_and_baseline(self):
        server = StandIn()
        client = self.enter(server)
        poll_until(client, lambda _: client.cache.get(baseline.content_hash(GROUND)) and client.rtt_ms)
        self.assertEqual(server.heard[0][1], messages.Hello(1, 1, "mira", b""))
        self.assertEqual(client.epoch, 1)
        self.assertLess(abs(client.now_tick() - time.time() * HZ), 2)
        self.assertEqual(client.counts["baselines"], 1)
        self.assertEqual(dict(client.violations), {})

    def test_a_walk_is_stated_and_restated(self):
        server = StandIn()
        client = self.enter(server)
        client.walk(0, 5)
        poll_until(client, lambda _: len(server.of(messages.Input)) >= 2)
        (_, first), (_, second) = server.of(messages.Input)[:2]
        self.assertEqual((first.seq, first.motion, first.y), (1, 5, 8_400))
        self.assertEqual(second.seq, 2)
        self.assertEqual((second.x - first.x) % 54, 0, "54 units a tick")
        self.assertGreater(second.x, first.x)

    def test_a_correction_moves_the_prediction(self):
        client = self.enter(StandIn(correct=True))
        client.walk(8, 6)
        happenings = poll_until(client, lambda h: any(isinstance(x, Corrected) for x in h))
        self.assertIn(Corrected(12_000, 8_400, 8 << 3), happenings)
        self.assertEqual(client.place(), (12_000, 8_400))

    def test_a_node_that_stops_amid_a_deed(self):
        second = StandIn(epoch=2)
        there = ["{}:{}".format(*second.address)]
        client = self.enter(StandIn(epoch=1, close_after_dress=True, ticket=b"let me in", alternatives=there))
        request = client.dress(5)
        happenings = poll_until(client, lambda h: h)
        self.assertEqual(happenings, [Replied(request, 0)])
        self.assertEqual(client.epoch, 2)
        hello = second.of(messages.Hello)[0][1]
        self.assertEqual(hello.ticket, b"let me in")
        (envelope, dress), = second.of(messages.Dress)
        self.assertEqual((envelope.request, envelope.epoch, dress.tint), (request, 2, 5))
        self.assertEqual(dict(client.violations), {})

    def test_a_refusal_is_final(self):
        client = Client(StandIn(refuse=3).address, "no name")
        with self.assertRaises(Refused) as raised:
            client.connect()
        self.assertEqual(str(raised.exception), "name_invalid")

    def test_an_epoch_that_goes_back(self):
        server = StandIn(epoch=5)
        client = self.enter(server)
        server.epoch = 4
        client._lost()
        self.assertEqual(dict(client.violations), {"epoch": 1})

    def test_addresses(self):
        self.assertEqual(parse_address("[2001:db8::1]:4242"), ("2001:db8::1", 4242))
        for bad in ("host", "host:", ":1", "host:x"):
            with self.assertRaises(ValueError):
                parse_address(bad)


class CommandLine(unittest.TestCase):
    def run_main(self, server, seconds="0.5"):
        host, port = server.address
        out = io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(io.StringIO()):
            code = main(["--connect", f"{host}:{port}", "--name", "mira", "--for", seconds, "--json"])
        return code, out.getvalue()

    def test_a_clean_walk(self):
        code, out = self.run_main(StandIn())
        result = json.loads(out)
        self.assertEqual((code, result["violations"], result["sessions"]), (0, 0, 1), out)
        self.assertEqual((result["deeds_done"], result["refusals"]), (1, 1))

    def test_a_server_that_breaks_the_rules(self):
        server = StandIn()
        server.first_tick = lambda: server.tick(b"\1\1\0\0\0\0")
        code, out = self.run_main(server)
        self.assertEqual((code, json.loads(out)["violation_kinds"]), (1, {"slot": 1}))

    def test_a_server_that_refuses(self):
        self.assertEqual(self.run_main(StandIn(refuse=1))[0], 2)



class Handover(unittest.TestCase):
    """Two stand-ins: the first invites to the second."""

    def frozen(self, on_freeze, token=b"key"):
        first, second = StandIn(epoch=3), StandIn(epoch=4)
        client = Client(first.address, "mira")
        client.connect()
        self.addCleanup(client.close)
        first.on_freeze = lambda _: on_freeze(first, second)
        client.walk(0, 5)
        poll_until(client, lambda _: first.of(messages.Input))
        address = f"{second.address[0]}:{second.address[1]}"
        first.connections[0].sendall(messages.Invite(9, address, token, 6000).encode(epoch=3))
        return first, second, client

    def hand(self, first, second):
        now = int(time.time() * 1000)
        second.connections[0].sendall(welcome(server_ms=now, node=12).encode(epoch=4) + second.first_tick())

    def test_an_invitation_is_followed(self):
        first, second, client = self.frozen(self.hand)
        poll_until(client, lambda _: client.counts["handovers"])
        poll_until(client, lambda _: second.of(messages.Input))
        self.assertEqual(second.heard[0][1], messages.Follow(1, 1, "mira", b"key"))
        (_, freeze), = first.of(messages.Freeze)
        last = first.of(messages.Input)[-1][1].seq
        self.assertEqual((freeze.handover, freeze.seq), (9, last))
        envelope, stated = second.of(messages.Input)[0]
        self.assertEqual((envelope.epoch, stated.seq, stated.motion), (4, last + 1, 5), "it walks on, and counts on")
        client.speak("ahoy")
        poll_until(client, lambda _: second.of(messages.Speak))
        self.assertEqual((client.counts["reconnects"], dict(client.violations)), (0, {}))

    def test_what_is_done_while_frozen_is_said_by_whoever_serves(self):
        for stays in (True, False):
            first, second, client = self.frozen(lambda *_: b"")
            poll_until(client, lambda _: first.of(messages.Freeze))
            before = len(first.of(messages.Input))
            client.speak("ahoy")
            client.dress(7)
            poll_until(client, lambda _: False, seconds=1.0)
            self.assertEqual((len(first.of(messages.Input)), first.of(messages.Speak)), (before, []), "it is frozen")
            if stays:
                first.connections[0].sendall(messages.Stay().encode(epoch=5))
            else:
                self.hand(first, second)
            server = first if stays else second
            poll_until(client, lambda _: server.of(messages.Dress) and server.of(messages.Speak))
            self.assertEqual(server.of(messages.Dress)[0][0].epoch, 5 if stays else 4)
            self.assertEqual((client.counts["reconnects"], dict(client.violations)), (0, {}))

    def test_the_second_may_refuse_and_nothing_changes(self):
        first, second, client = self.frozen(self.hand, token=b"wrong")
        poll_until(client, lambda _: second.heard)
        poll_until(client, lambda _: False, seconds=0.3)
        client.dress(7)
        poll_until(client, lambda _: first.of(messages.Dress))
        self.assertEqual((client.counts["handovers"], client.counts["reconnects"]), (0, 0))

    def test_the_first_ends_before_the_second_says_welcome(self):
        def end(first, second):
            threading.Timer(0.3, self.hand, (first, second)).start()
            return messages.Closing(19, messages.RECONNECT, 0).encode(epoch=3)

        _, second, client = self.frozen(end)
        poll_until(client, lambda _: client.counts["handovers"])
        self.assertEqual((client.counts["handovers"], client.counts["reconnects"]), (1, 0))
        self.assertEqual(dict(client.violations), {})


if __name__ == "__main__":
    unittest.main()

"""The golden files of the protocol, read by this client: the same truth as the server's own tests check."""

import json
import unittest
from dataclasses import asdict
from pathlib import Path

from tombolo import baseline, frames, messages, wire

GOLDEN = Path(__file__).resolve().parents[3] / "crates" / "protocol" / "golden"
NAMES = {cls: cls.__name__.lower() for cls in (*frames.Item.__args__, *frames.Record.__args__)}


def golden(name):
    """The bytes of a golden file."""
    lines = (GOLDEN / f"{name}.hex").read_text().splitlines()
    return bytes.fromhex(" ".join(line for line in lines if not line.startswith("#")))


def expected():
    return json.loads((GOLDEN / "expected.json").read_text())


def plain(value, tag=None):
    """A decoded value as JSON would have it: bytes as hexadecimal digits, absent fields left out."""
    shown = {k: v.hex() if isinstance(v, bytes) else v for k, v in asdict(value).items() if v is not None}
    return {tag: NAMES[type(value)], **shown} if tag else shown


def tick(payload):
    number, items = frames.items(payload)
    return {"tick": number, "items": [plain(item, "item") for item in items]}


def message(data):
    (envelope,) = wire.Splitter().push(data)
    decoded = messages.Message.decode(envelope)
    fields = tick(decoded.payload) if isinstance(decoded, messages.Tick) else plain(decoded)
    context = {k: getattr(envelope, k) for k in ("kind", "version", "epoch", "request", "trace")}
    return {**context, "fields": fields}, decoded, envelope


class Golden(unittest.TestCase):
    def each(self, *shapes):
        found = [(n, e["value"]) for n, e in expected().items() if e["shape"] in shapes]
        self.assertTrue(found)
        for name, value in found:
            with self.subTest(name):
                yield name, value

    def test_messages_mean_what_is_expected(self):
        for name, value in self.each("ToServer", "ToClient"):
            self.assertEqual(message(golden(name))[0], value)

    def test_messages_are_written_as_pinned(self):
        for name, _ in self.each("ToServer", "ToClient"):
            _, decoded, e = message(golden(name))
            if not isinstance(decoded, messages.Tick):
                self.assertEqual(decoded.encode(e.epoch, e.request, e.trace), golden(name))

    def test_items_mean_what_is_expected(self):
        for name, value in self.each("Item"):
            self.assertEqual(tick(value["tick"].to_bytes(8, "little") + golden(name)), value)

    def test_bodies_mean_what_is_expected(self):
        for name, value in self.each("Body"):
            records = frames.records(tuple(value["chunk"]), golden(name))
            self.assertEqual([plain(record, "record") for record in records], value["records"])

    def test_the_ground_means_what_is_expected(self):
        for name, value in self.each("Ground"):
            data = golden(name)
            ground = baseline.decode(data)
            self.assertEqual(baseline.content_hash(data), value["hash"])
            self.assertEqual(ground.heights_cm, value["heights_cm"])
            self.assertEqual(ground.biomes, [baseline.BIOMES[biome] for biome in value["biomes"]])
            props = [[baseline.PROPS.index(p.kind), p.x, p.y, p.index] for p in ground.props]
            self.assertEqual(props, value["props"])
            for cut in range(len(data)):
                with self.assertRaises(wire.WireError):
                    baseline.decode(data[:cut])

    def test_cut_anywhere_nothing_but_a_wire_error(self):
        for name, _ in self.each("ToServer", "ToClient"):
            (envelope,) = wire.Splitter().push(golden(name))
            for cut in range(len(envelope.payload)):
                short = wire.Envelope(envelope.kind, envelope.payload[:cut])
                try:
                    decoded = messages.Message.decode(short)
                    if isinstance(decoded, messages.Tick):
                        frames.items(decoded.payload)
                except wire.WireError:
                    continue
                self.assertTrue(name.startswith("tick_"), f"{name} cut at {cut}")

    def test_splitter_byte_by_byte(self):
        names = [name for name, _ in self.each("ToServer", "ToClient")]
        splitter = wire.Splitter()
        stream = b"".join(golden(name) for name in names)
        received = [e for byte in stream for e in splitter.push(bytes([byte]))]
        self.assertEqual(b"".join(e.encode() for e in received), stream)

    def test_unknown_kinds_and_versions_are_skipped(self):
        self.assertIsNone(messages.Message.decode(wire.Envelope(63, b"?")))
        self.assertIsNone(messages.Message.decode(wire.Envelope(6, b"?", version=2)))

    def test_lengths_that_lie(self):
        for length in (1 << 63, (1 << 64) - 1, 1 << 32):
            lie = length.to_bytes(8, "little")
            for kind, payload in ((1, b"\1\0\1\0" + lie), (3, lie), (64, bytes(66) + lie)):
                with self.assertRaises(wire.WireError):
                    messages.Message.decode(wire.Envelope(kind, payload))
        with self.assertRaises(wire.WireError):
            list(wire.Splitter(100).push((101).to_bytes(4, "little")))


if __name__ == "__main__":
    unittest.main()

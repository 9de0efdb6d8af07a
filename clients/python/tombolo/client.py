"""A connection to the world: handshake, clock, own avatar, requests, and reconnecting.

One thread, no callbacks: call `Client.poll` again and again; it reads what came, sends what is due and returns what
happened. Between two calls look at `Client.picture`, `Client.pages` and `Client.bag`, and call `walk`, `speak`, `dress`,
`do` (a deed, see `deeds`), `offer` and `agree`.
"""

from __future__ import annotations

import socket
import ssl
import time
from collections import Counter, deque
from dataclasses import dataclass
from typing import Deque, Dict, List, Optional, Set, Tuple, Union

from . import baseline, deeds, frames, messages, motion
from .crossing import Crossing
from .motion import Segment
from .picture import Picture
from .things import Pages
from .wire import SERVER_MESSAGE_BYTES, Envelope, Splitter, WireError

OLDEST = NEWEST = 1
CONNECT_S = 5.0
PING_EVERY_S = 2.0
RESTATE_EVERY_S = 0.8
SILENCE_S = 10.0
SHORT_SESSION_S = 0.3
ATTEMPTS = 20
REQUESTS_IN_FLIGHT = 8
BASELINES_IN_FLIGHT = 4
ASK_AGAIN_S = 2.0

Address = Tuple[str, int]


class Refused(Exception):
    """The server said no, and asking again would not help."""

    def __init__(self, code: int):
        self.code = code
        super().__init__(messages.CODES.get(code, f"code {code}"))


class ConnectionLost(Exception):
    """No address let us in for too long."""


@dataclass(frozen=True)
class Spoke:
    """Somebody in view said a line."""

    entity: int
    text: str


@dataclass(frozen=True)
class Replied:
    """A request has its outcome; code 0 is done. Speech has the request 0. The rest is of deeds: what came into the bag,
    what went out of it, and the ids of what was made."""

    request: int
    code: int
    gained: Tuple[messages.Heap, ...] = ()
    lost: Tuple[messages.Heap, ...] = ()
    made: Tuple[int, ...] = ()


@dataclass(frozen=True)
class Corrected:
    """The server put my avatar elsewhere than I had it."""

    x: int
    y: int
    motion: int


@dataclass(frozen=True)
class BagChanged:
    """`Client.bag` is not as it was."""


@dataclass(frozen=True)
class PageChanged:
    """What lies and stands in a chunk is not as it was: `Client.pages`."""

    cx: int
    cy: int


@dataclass(frozen=True)
class Offered:
    """Somebody offers a trade: `Client.agree` to it, or not. `gives` and `takes` are as the other sees them."""

    by: int
    number: int
    gives: Tuple[messages.Heap, ...]
    takes: Tuple[messages.Heap, ...]


@dataclass(frozen=True)
class Agreed:
    """Somebody agreed to an offer of mine: do the deed `trade` with it within half a minute."""

    by: int
    offer: messages.Offer


Happening = Union[Spoke, Replied, Corrected, BagChanged, PageChanged, Offered, Agreed]


def parse_address(text: str) -> Address:
    """`host:port` or `[v6]:port`."""
    host, _, port = text.rpartition(":")
    if not host or not port.isdigit():
        raise ValueError(f"{text!r} is not HOST:PORT")
    return host.strip("[]"), int(port)


class Client:
    """One player. `connect` first, then `poll` for as long as you like, then `close`."""

    def __init__(
        self,
        address: Address,
        name: str,
        cache: Optional[baseline.Cache] = None,
        tls: Optional[ssl.SSLContext] = None,
        follow: bool = True,
    ):
        self.name = name
        self.tls = tls
        self.follow = follow
        self.cache = cache or baseline.Cache()
        self.counts: Counter = Counter()
        self.violations: Counter = Counter()
        self.examples: List[str] = []
        self.welcome: Optional[messages.Welcome] = None
        self.epoch = 0
        self.picture: Optional[Picture] = None
        self.pages = Pages()
        self.bag: Optional[messages.Bag] = None
        self.rtt_ms: List[float] = []
        self._home = address
        self._addresses: Deque[Address] = deque([address])
        self._socket: Optional[socket.socket] = None
        self._next_request = 1
        self._unanswered: Dict[int, messages.Message] = {}
        self._retry_at: Dict[int, float] = {}
        self._ticket = b""
        self._bag_is_old = False
        self._crossing: Optional[Crossing] = None
        self._held: List[messages.Message] = []

    # Life of a connection

    def connect(self) -> None:
        """Enters the world, at the first address that lets us in. Raises `Refused` or `ConnectionLost`."""
        pause, trouble = 0.2, "no address"
        for _ in range(ATTEMPTS):
            address = self._addresses[0]
            try:
                self._open(address)
                return
            except (OSError, WireError) as error:
                trouble = f"{address[0]}:{address[1]}: {error}"
            except _Again as again:
                trouble, pause = f"{address[0]}:{address[1]}: {again}", max(pause, again.pause_s)
            self._drop()
            self._addresses.rotate(-1)
            time.sleep(pause)
            pause = min(pause * 1.5, 2.0)
        raise ConnectionLost(trouble)

    def _open(self, address: Address) -> None:
        self._socket = self._dial(address)
        self._splitter = Splitter(SERVER_MESSAGE_BYTES)
        self._waiting: Deque[Envelope] = deque()
        self._broken = False
        self._send(messages.Hello(OLDEST, NEWEST, self.name, self._ticket), epoch=0)
        deadline = time.monotonic() + 2 * CONNECT_S
        while time.monotonic() < deadline:
            self._receive(0.1)
            while self._waiting:
                envelope = self._waiting.popleft()
                message = messages.Message.decode(envelope)
                if isinstance(message, messages.Welcome):
                    return self._begin(envelope.epoch, message)
                if isinstance(message, messages.Closing):
                    self._closing(message)
        raise _Again("no welcome", 0.0)

    def _dial(self, address: Address) -> socket.socket:
        link = socket.create_connection(address, CONNECT_S)
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self.tls is not None:
            # Within the time-out of the connection; the certificate must be for the host of the address.
            link = self.tls.wrap_socket(link, server_hostname=address[0])
        return link

    def _begin(self, epoch: int, welcome: messages.Welcome) -> None:
        if not OLDEST <= welcome.version <= NEWEST:
            raise WireError(f"the server chose version {welcome.version}")
        if epoch <= self.epoch:
            self._violation("epoch", f"session epoch {epoch} after {self.epoch}")
        if self.welcome is not None and welcome.entity != self.welcome.entity:
            self._violation("entity", f"avatar {welcome.entity} after {self.welcome.entity}")
        self.counts["sessions"] += 1
        self.epoch, self.welcome, self._ticket = epoch, welcome, welcome.ticket
        self._next_request = max(self._next_request, welcome.next_request)
        others = [parse_address(a) for a in welcome.alternatives]
        here = self._addresses[0]
        self._addresses = deque([here, *(a for a in [*others, self._home] if a != here)])
        self._fold_picture()
        self.picture = Picture(welcome.island, welcome.size_chunks, welcome.tick_hz)
        self.pages.clear()
        # The first bag of a session is as of its beginning, whatever its revision.
        self._bag_is_old = True
        self._clock_ms = welcome.server_ms - time.monotonic() * 1000
        self._best_rtt_ms = float("inf")
        self._own = Segment(welcome.x, welcome.y, self.now_tick(), 0)
        self._seq = 0
        self._inputs: Deque[Tuple[int, Segment]] = deque()
        self._wanted: Optional[int] = None
        self._stated_at = self._pinged_at = 0.0
        self._stated_tick = 0
        self._restate = False
        self._heard_at = self._begun_at = time.monotonic()
        self._asked: Dict[Tuple[int, int], float] = {}
        self._ever_asked: Set[Tuple[int, int]] = set()
        for request, deed in sorted(self._unanswered.items()):
            self._send(deed, request)

    def close(self) -> None:
        """Says goodbye."""
        if self._socket is not None:
            self._send(messages.Bye())
        self._drop()
        self._fold_picture()
        self.picture = None

    def _drop(self) -> None:
        if self._crossing is not None:
            self._crossing.close()
            self._crossing = None
        self._held.clear()
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _lost(self) -> None:
        self.counts["reconnects"] += 1
        self._drop()
        if time.monotonic() - self._begun_at < SHORT_SESSION_S:
            time.sleep(SHORT_SESSION_S)
        self.connect()

    # What the player does

    def walk(self, heading: int, gait: int) -> None:
        """Goes on in one of 32 directions at one of the gaits, from the next tick on."""
        self._wanted = motion.motion(heading, gait)

    def stop(self) -> None:
        """Stands still."""
        self._wanted = motion.motion(self._own.motion >> 3, motion.STAND)

    def speak(self, line: str) -> None:
        """Says a line of at most 240 bytes to all who see the avatar."""
        self._say(messages.Speak(line))

    def _say(self, message: messages.Message) -> None:
        """Sends what nobody answers, now or once somebody serves again."""
        if self._is_frozen():
            self._held.append(message)
        else:
            self._send(message)

    def dress(self, tint: int) -> int:
        """The deed of changing the avatar's tint. Returns the request id that `Replied` will name."""
        return self._ask(messages.Dress(tint))

    def do(self, deed: messages.Deed) -> int:
        """A deed, as a function of `deeds` makes it. Returns the request id that `Replied` will name."""
        return self._ask(deed)

    def offer(self, to: int, gives: Dict[str, int], takes: Dict[str, int]) -> messages.Offer:
        """Offers a trade to somebody in view. If they agree, `Agreed` names it: do `deeds.trade` with it then."""
        offer = messages.Offer(to, deeds.heaps(gives), deeds.heaps(takes))
        self._say(offer)
        return offer

    def agree(self, offered: Offered) -> None:
        """Agrees to an offer. The other does the trade."""
        self._say(messages.Agree(offered.by, offered.number))

    def _ask(self, message: messages.Message) -> int:
        if len(self._unanswered) >= REQUESTS_IN_FLIGHT:
            raise RuntimeError("too many requests in flight")
        request, self._next_request = self._next_request, self._next_request + 1
        self._unanswered[request] = message
        if not self._is_frozen():
            self._send(message, request)
        return request

    # Clock and place

    def now_tick(self) -> int:
        """The tick that is under way at the server, as far as we know."""
        return int(self._clock_ms + time.monotonic() * 1000) * self.welcome.tick_hz // 1000

    def place(self) -> Tuple[int, int]:
        """Where my avatar is now, as predicted, in units."""
        return self._own.at(self.now_tick(), self.welcome.tick_hz)

    # Reading and sending

    def poll(self, wait_s: float = 0.05) -> List[Happening]:
        """Reads for at most `wait_s`, sends what is due, and returns what happened. Reconnects by itself."""
        try:
            if self._broken:
                raise OSError("the connection broke")
            self._receive(wait_s)
            happenings: List[Happening] = []
            while self._waiting:
                envelope = self._waiting.popleft()
                message = messages.Message.decode(envelope)
                if message is not None:
                    happenings += self._take(envelope, message)
            self._tend_crossing(0.001)
            if time.monotonic() - self._heard_at > SILENCE_S:
                raise OSError("the server is silent")
            self._send_due()
            return happenings
        except _Again as again:
            if not self._waits_for_second():
                time.sleep(again.pause_s)
                self._lost()
        except OSError:
            if not self._waits_for_second():
                self._lost()
        except WireError as error:
            self._violation("wire", str(error))
            self._lost()
        return []

    # Going over to another node

    def _is_frozen(self) -> bool:
        return self._crossing is not None and self._crossing.frozen

    def _invited(self, invite: messages.Invite) -> None:
        if self._crossing is not None or not self.follow:
            return
        try:
            link = self._dial(parse_address(invite.address))
            link.sendall(messages.Follow(OLDEST, NEWEST, self.name, invite.token).encode())
        except (OSError, ValueError):
            return
        self._crossing = Crossing(link, invite)

    def _tend_crossing(self, wait_s: float) -> None:
        crossing = self._crossing
        if crossing is None:
            return
        try:
            envelopes = deque(crossing.receive(wait_s))
            while envelopes and self._crossing is crossing:
                self._beside(crossing, envelopes.popleft(), envelopes)
        except (OSError, WireError):
            crossing.close()
        if self._crossing is crossing and not crossing.frozen and (crossing.link is None or crossing.overdue()):
            crossing.close()
            self._crossing = None
        elif self._crossing is crossing and crossing.overdue():
            raise OSError("neither node serves")

    def _beside(self, crossing: Crossing, envelope: Envelope, rest: Deque[Envelope]) -> None:
        message = messages.Message.decode(envelope)
        if isinstance(message, messages.Ready) and not crossing.frozen:
            self._send(messages.Freeze(crossing.invite.handover, self._seq))
            crossing.freeze()
        elif isinstance(message, messages.Welcome) and crossing.frozen:
            self._handed(crossing, envelope.epoch, message, rest)
        elif isinstance(message, messages.Closing):
            crossing.close()

    def _handed(self, crossing: Crossing, epoch: int, welcome: messages.Welcome, rest: Deque[Envelope]) -> None:
        if epoch <= self.epoch:
            self._violation("epoch", f"session epoch {epoch} after {self.epoch}")
        if welcome.entity != self.welcome.entity:
            self._violation("entity", f"avatar {welcome.entity} after {self.welcome.entity}")
        self.counts["handovers"] += 1
        self._socket.close()
        self._socket, self._splitter, self._waiting = crossing.link, crossing.splitter, deque(rest)
        self._broken = False
        self.epoch, self.welcome, self._ticket = epoch, welcome, welcome.ticket
        here = parse_address(crossing.invite.address)
        self._addresses = deque([here, *(a for a in self._addresses if a != here)])
        self._heard_at = self._begun_at = time.monotonic()
        self._asked.clear()
        self.picture.handed()
        self._go_on()

    def _go_on(self) -> None:
        """Somebody serves again: what was kept is said, and place and motion are stated at once."""
        self._crossing = None
        held, self._held = self._held, []
        for message in held:
            self._send(message)
        for request, deed in sorted(self._unanswered.items()):
            self._send(deed, request)
        self._pinged_at, self._stated_tick = 0.0, 0
        if self._wanted is None:
            self._wanted = self._own.motion
        self._restate = True

    def _stay(self, epoch: int) -> None:
        if epoch < self.epoch:
            self._violation("epoch", f"session epoch {epoch} after {self.epoch}")
        self.epoch = epoch
        if self._crossing is not None:
            self._crossing.close()
            self._go_on()

    def _waits_for_second(self) -> bool:
        """The first connection is gone: whether the second took its place in time."""
        crossing = self._crossing
        if crossing is None or not crossing.frozen or crossing.link is None:
            return False
        crossing.alone()
        try:
            while self._crossing is crossing and crossing.link is not None:
                self._tend_crossing(0.05)
        except OSError:
            pass
        return self._crossing is None

    # Bytes

    def _receive(self, wait_s: float) -> None:
        self._socket.settimeout(max(wait_s, 0.001))
        try:
            data = self._socket.recv(65536)
        except socket.timeout:
            return
        if not data:
            raise OSError("the server hung up")
        self.counts["bytes"] += len(data)
        self._heard_at = time.monotonic()
        self._waiting.extend(self._splitter.push(data))

    def _send(self, message: messages.Message, request: int = 0, epoch: Optional[int] = None) -> None:
        try:
            self._socket.settimeout(CONNECT_S)
            self._socket.sendall(message.encode(self.epoch if epoch is None else epoch, request))
        except OSError:
            # The next `poll` connects anew. A deed is sent again then; speech and inputs are not.
            self._broken = True

    def _send_due(self) -> None:
        now = time.monotonic()
        if not self._is_frozen():
            self._send_input(now)
        if now - self._pinged_at >= PING_EVERY_S:
            self._pinged_at = now
            self._send(messages.Ping(int(now * 1000)))
        if self._is_frozen():
            return
        for request in [r for r, at in self._retry_at.items() if at <= now]:
            del self._retry_at[request]
            self._send(self._unanswered[request], request)
        self._ask_baselines()

    def _send_input(self, now: float) -> None:
        tick, hz = self.now_tick(), self.welcome.tick_hz
        changed = self._wanted is not None and self._wanted != self._own.motion
        walking = self._own.motion & 7 != motion.STAND
        due = self._restate or changed or (walking and now - self._stated_at >= RESTATE_EVERY_S)
        if not due or tick <= self._stated_tick:
            return
        # The server takes the claim for its next tick, so that is where the claim is made.
        wanted = self._own.motion if self._wanted is None else self._wanted
        self._own = self._own.onward(tick + 1, wanted, hz)
        self._wanted, self._restate = None, False
        self._stated_at, self._stated_tick = now, tick
        self._seq += 1
        self._inputs.append((self._seq, self._own))
        self._send(messages.Input(self._seq, self._own.x, self._own.y, wanted))
        self.counts["inputs"] += 1

    def _ask_baselines(self) -> None:
        # What is out of view when it is asked for, or asked for too fast, gets no answer: forget and ask again.
        now = time.monotonic()
        self._asked = {chunk: until for chunk, until in self._asked.items() if until > now}
        for chunk, (_, content) in self.picture.seen.items():
            if len(self._asked) >= BASELINES_IN_FLIGHT:
                return
            if chunk not in self._asked and self.cache.get(content) is None:
                self._asked[chunk] = now + ASK_AGAIN_S
                self._ever_asked.add(chunk)
                self._send(messages.GetBaseline(*chunk))

    # What came

    def _take(self, envelope: Envelope, message: messages.Message) -> List[Happening]:
        if isinstance(message, messages.Tick):
            return self._tick(message.payload)
        if isinstance(message, messages.Reply):
            return self._reply(envelope.request, message)
        if isinstance(message, messages.DeedReply):
            return self._reply(envelope.request, message, message.gained, message.lost, message.made)
        if isinstance(message, messages.Bag):
            return self._bag(message)
        if isinstance(message, messages.Page):
            return [PageChanged(message.cx, message.cy)] if self.pages.take(message) else []
        if isinstance(message, messages.Offered):
            return [Offered(message.by, message.number, tuple(message.gives), tuple(message.takes))]
        if isinstance(message, messages.Agreed):
            return [Agreed(message.by, messages.Offer(message.by, message.gives, message.takes))]
        if isinstance(message, messages.Baseline):
            self._baseline(message)
        elif isinstance(message, messages.Pong):
            self._pong(message)
        elif isinstance(message, messages.Invite):
            self._invited(message)
        elif isinstance(message, messages.Stay):
            self._stay(envelope.epoch)
        elif isinstance(message, messages.Closing):
            self._closing(message)
        return []

    def _tick(self, payload: bytes) -> List[Happening]:
        tick, items = frames.items(payload)
        spoken = self.picture.apply(tick, items)
        happenings: List[Happening] = []
        for item in items:
            if isinstance(item, frames.Ack):
                happenings += self._ack(tick, item)
            elif isinstance(item, frames.Unseen):
                self.pages.unseen((item.cx, item.cy))
            elif isinstance(item, frames.Reset):
                self.pages.clear()
        for entity, line in spoken:
            self.counts["heard"] += 1
            happenings.append(Spoke(entity, line.decode("utf-8", "replace")))
        return happenings

    def _ack(self, tick: int, ack: frames.Ack) -> List[Happening]:
        self.counts["acks"] += 1
        if ack.seq > self._seq:
            self._violation("ack", f"input {ack.seq} is acknowledged, the last sent is {self._seq}")
        while self._inputs and self._inputs[0][0] <= ack.seq:
            self._inputs.popleft()
        if not ack.corrected:
            return []
        # Go on from where the server has me, with what it has not looked at yet.
        self.counts["corrections"] += 1
        hz = self.welcome.tick_hz
        self._own = Segment(ack.x, ack.y, tick, ack.motion)
        for _, sent in self._inputs:
            self._own = self._own.onward(sent.tick, sent.motion, hz)
        return [Corrected(ack.x, ack.y, ack.motion)]

    def _bag(self, bag: messages.Bag) -> List[Happening]:
        if not (self._bag_is_old or self.bag is None or bag.rev > self.bag.rev):
            return []
        self.bag, self._bag_is_old = bag, False
        return [BagChanged()]

    def _reply(self, request: int, reply, gained=(), lost=(), made=()) -> List[Happening]:
        if request in self._unanswered and reply.meaning == messages.RETRY:
            self._retry_at[request] = time.monotonic() + max(reply.retry_after_ms, 100) / 1000
            return []
        self._unanswered.pop(request, None)
        self.counts["replies" if reply.code == 0 else "refusals"] += 1
        return [Replied(request, reply.code, tuple(gained), tuple(lost), tuple(made))]

    def _baseline(self, message: messages.Baseline) -> None:
        self.counts["baselines"] += 1
        self._asked.pop((message.cx, message.cy), None)
        if (message.cx, message.cy) not in self._ever_asked:
            self._violation("baseline", f"nobody asked for {message.cx}, {message.cy}")
        if baseline.content_hash(message.bytes) != message.hash:
            self._violation("baseline", f"the hash of {message.cx}, {message.cy} is not that of its bytes")
        baseline.decode(message.bytes)
        self.cache.put(message.bytes)

    def _pong(self, pong: messages.Pong) -> None:
        now_ms = time.monotonic() * 1000
        rtt = now_ms - pong.client_ms
        self.rtt_ms.append(rtt)
        if rtt <= self._best_rtt_ms:
            # The shortest way tells the clock best: the answer was written half of it ago.
            self._best_rtt_ms = rtt
            self._clock_ms = pong.server_ms + rtt / 2 - now_ms

    def _closing(self, closing: messages.Closing) -> None:
        self.counts["closings"] += 1
        if closing.meaning == messages.REJECTED:
            self._drop()
            raise Refused(closing.code)
        self._addresses.rotate(-1)
        raise _Again(messages.CODES.get(closing.code, "closed"), closing.retry_after_ms / 1000)

    # Checks

    def _fold_picture(self) -> None:
        if self.picture is not None:
            self.counts.update(self.picture.counts)
            self.violations.update(self.picture.violations)
            self.examples += self.picture.examples

    def _violation(self, kind: str, detail: str) -> None:
        self.violations[kind] += 1
        self.examples.append(f"{kind}: {detail}")


class _Again(Exception):
    """This connection is over; another may do."""

    def __init__(self, why: str, pause_s: float):
        self.pause_s = pause_s
        super().__init__(why)

"""A second connection for a moment, while a node hands the session over to another. See "Handover" in the protocol.

`Crossing` only holds the connection and knows how long to wait; `Client` decides what to do.
"""

from __future__ import annotations

import socket
import time
from typing import List, Optional

from . import messages
from .wire import SERVER_MESSAGE_BYTES, Envelope, Splitter

FOLLOW_S = 8.0
"""For so long the other node may take to be ready."""
FROZEN_S = 12.0
"""For so long a frozen client waits for one node or the other."""
ALONE_S = 3.0
"""For so long it waits for the second connection when the first is gone."""


class Crossing:
    """One invitation that was followed."""

    def __init__(self, link: socket.socket, invite: messages.Invite):
        self.invite = invite
        self.link: Optional[socket.socket] = link
        self.splitter = Splitter(SERVER_MESSAGE_BYTES)
        self.frozen = False
        self.until = time.monotonic() + FOLLOW_S

    def freeze(self) -> None:
        """Nothing is said on the first connection from now on."""
        self.frozen = True
        self.until = time.monotonic() + FROZEN_S

    def alone(self) -> None:
        """The first connection is gone."""
        self.until = min(self.until, time.monotonic() + ALONE_S)

    def receive(self, wait_s: float) -> List[Envelope]:
        """What came on the second connection. Raises `OSError` at its end and `WireError` for what is no message."""
        if self.link is None:
            return []
        self.link.settimeout(max(wait_s, 0.001))
        try:
            data = self.link.recv(65536)
        except socket.timeout:
            return []
        if not data:
            raise OSError("the other node hung up")
        return list(self.splitter.push(data))

    def close(self) -> None:
        """Ends the second connection. A freeze goes on."""
        if self.link is not None:
            self.link.close()
            self.link = None

    def overdue(self) -> bool:
        """Whether it took too long."""
        return time.monotonic() > self.until

"""A client of Tombolo in plain Python: connect, walk, speak, see the others, do deeds, and check what the server says.

It needs Python 3.9 and nothing else. `Client` is the way in; `Picture` is what it sees. docs/protocol.md describes
the bytes.
"""

from . import deeds
from .client import Agreed, BagChanged, Client, ConnectionLost, Offered, PageChanged, Refused, Replied, Spoke
from .picture import Entity, Picture
from .things import Land, Pages

__all__ = ["Agreed", "BagChanged", "Client", "ConnectionLost", "Entity", "Land", "Offered", "PageChanged", "Pages",
           "Picture", "Refused", "Replied", "Spoke", "deeds"]

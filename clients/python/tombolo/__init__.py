"""A client of Tombolo in plain Python: connect, walk, speak, see the others, and check what the server says.

It needs Python 3.9 and nothing else. `Client` is the way in; `Picture` is what it sees. docs/protocol.md describes
the bytes.
"""

from .client import Client, ConnectionLost, Refused, Spoke
from .picture import Entity, Picture

__all__ = ["Client", "ConnectionLost", "Entity", "Picture", "Refused", "Spoke"]

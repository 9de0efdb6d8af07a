"""What differs from nature in the chunks in view: piles, buildings, what was taken, and whose land it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Dict, Iterator, Optional, Tuple

from .messages import GONE, Page, Trace
from .wire import WireError

Chunk = Tuple[int, int]


@dataclass(frozen=True)
class Land:
    """Whose land a chunk is; after `kept_until_ms` it is nobody's. `guests`: roles by avatar."""

    name: str
    owner: int
    kept_until_ms: int
    guests: Dict[int, int]


class Sheet:
    """A page, or one of its cells."""

    def __init__(self) -> None:
        self.rev = 0
        self.land: Optional[Land] = None
        self.traces: Dict[int, Trace] = {}


class Pages:
    """All pages of what is in view. A chunk without one is as nature made it."""

    def __init__(self) -> None:
        self._sheets: Dict[Tuple[Chunk, int], Sheet] = {}

    def __len__(self) -> int:
        return sum(len(sheet.traces) for sheet in self._sheets.values())

    def traces(self, chunk: Chunk) -> Iterator[Trace]:
        """The traces of a chunk."""
        for (where, _), sheet in sorted(self._sheets.items(), key=lambda entry: entry[0]):
            if where == chunk:
                yield from sheet.traces.values()

    def trace(self, chunk: Chunk, trace: int) -> Optional[Trace]:
        """One of them. The upper byte of its id says in which cell it stands."""
        sheet = self._sheets.get((chunk, trace >> 24))
        return sheet.traces.get(trace) if sheet else None

    def land(self, chunk: Chunk) -> Optional[Land]:
        """Whose land a chunk is."""
        sheet = self._sheets.get((chunk, 0))
        return sheet.land if sheet else None

    def take(self, page: Page) -> bool:
        """Takes in a page or a change of one. False: it is older than what is known, and was dropped."""
        if any(trace.id >> 24 != page.cell for trace in page.traces):
            raise WireError("a trace stands in another cell")
        sheet = self._sheets.setdefault(((page.cx, page.cy), page.cell), Sheet())
        if page.whole:
            sheet.traces.clear()
        elif page.rev < sheet.rev:
            return False
        sheet.rev = page.rev
        guests = {guest.entity: guest.role for guest in page.guests}
        sheet.land = Land(page.land, page.owner, page.kept_until_ms, guests) if page.land else None
        for trace in page.traces:
            if trace.kind == GONE:
                sheet.traces.pop(trace.id, None)
            else:
                sheet.traces[trace.id] = trace
        return True

    def unseen(self, chunk: Chunk) -> None:
        """A chunk went out of view."""
        for key in [key for key in self._sheets if key[0] == chunk]:
            del self._sheets[key]

    def clear(self) -> None:
        """The picture begins anew."""
        self._sheets.clear()

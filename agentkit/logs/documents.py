"""Documents of CRDTs as a log has them: updates of Yjs, read sign by sign.

For erasing alone: a text that was typed piece by piece stands in many updates, and in none as a
whole. So they are read as Yjs writes them (its `UpdateEncoderV1`), the signs are put in their order
by YATA (Nicolaescu et al. 2016), and each sign is known by its client and clock in all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field

Id = tuple[int, int]
"""Client and clock. A clock counts units of UTF-16."""

Parent = str | Id
"""What a sequence belongs to: the name of a root, or the item that holds it."""

WIDE = 0xFFFF
"""Signs above this take two units."""


class Lib0Reader:
    """Bytes of lib0, from the first to the last.

    Raises:
        ValueError, IndexError: of all methods, where they are no update.
    """

    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def byte(self) -> int:
        self.at += 1
        return self.data[self.at - 1]

    def number(self) -> int:
        found = shift = 0
        while (byte := self.byte()) > 127:
            found |= (byte & 127) << shift
            shift += 7
        return found | byte << shift

    def take(self, count: int) -> bytes:
        if count > len(self.data) - self.at:
            raise ValueError("an update is cut off")
        self.at += count
        return self.data[self.at - count : self.at]

    def text(self) -> str:
        return self.take(self.number()).decode()

    def id(self) -> Id:
        return self.number(), self.number()

    def skip(self) -> None:
        """Pass over a value of any kind."""
        kind = self.byte()
        if kind == 125:
            while self.byte() > 127:
                pass
        elif kind in (122, 123, 124):
            self.take(4 if kind == 124 else 8)
        elif kind in (116, 119):
            self.take(self.number())
        elif kind in (117, 118):
            for _ in range(self.number()):
                if kind == 118:
                    self.text()
                self.skip()
        elif kind not in (120, 121, 126, 127):
            raise ValueError(f"a value of the kind {kind}")


@dataclass
class UpdateItem:
    """One item of an update: some signs of a text, or something else of that length."""

    client: int
    clock: int
    length: int = 0
    left: Id | None = None
    right: Id | None = None
    parent: Parent | None = None
    sub: bool = False
    """Whether it is a field of a map."""
    text: str | None = None
    begin: int = 0
    """Where in the bytes the text begins."""
    gone: bool = False
    """Whether it was deleted before it was written down."""
    absent: bool = False
    """Whether it is a gap."""


@dataclass
class Update:
    """What an update has: items, and what it deletes as client, clock and length."""

    items: list[UpdateItem] = field(default_factory=list)
    deleted: list[tuple[int, int, int]] = field(default_factory=list)


def read(data: bytes) -> Update:
    """Read an update.

    Raises:
        ValueError, IndexError: it is none.
    """
    reader, made = Lib0Reader(data), Update()
    for _ in range(reader.number()):
        count, client, clock = reader.number(), reader.number(), reader.number()
        for _ in range(count):
            one = item(reader, client, clock)
            clock += one.length
            if not one.absent:
                made.items.append(one)
    for _ in range(reader.number()):
        client = reader.number()
        made.deleted += [(client, *reader.id()) for _ in range(reader.number())]
    return made


def item(reader: Lib0Reader, client: int, clock: int) -> UpdateItem:
    """Read one item."""
    info, one = reader.byte(), UpdateItem(client, clock)
    kind = info & 31
    if kind in (0, 10):
        one.length, one.gone, one.absent = reader.number(), True, kind == 10
        return one
    if info & 128:
        one.left = reader.id()
    if info & 64:
        one.right = reader.id()
    if not info & 192:
        one.parent = reader.text() if reader.number() else reader.id()
        one.sub = bool(info & 32)
        if one.sub:
            reader.text()
    content(reader, kind, one)
    return one


def content(reader: Lib0Reader, kind: int, one: UpdateItem) -> None:
    """Read what an item holds."""
    one.length = 1
    if kind == 4:
        size = reader.number()
        one.begin, one.text = reader.at, reader.take(size).decode()
        one.length = sum(map(units, one.text))
    elif kind == 1:
        one.length, one.gone = reader.number(), True
    elif kind in (2, 8):
        one.length = reader.number()
        for _ in range(one.length):
            reader.text() if kind == 2 else reader.skip()
    elif kind in (3, 5):
        reader.take(reader.number())
    elif kind == 6:
        reader.text()
        reader.text()
    elif kind == 7:
        if reader.number() in (3, 5):
            reader.text()
    elif kind == 9:
        reader.text()
        reader.skip()
    else:
        raise ValueError(f"an item of the kind {kind}")


def units(sign: str) -> int:
    """How many units of UTF-16 a sign takes."""
    return 2 if ord(sign) > WIDE else 1


@dataclass(eq=False, slots=True)
class SequenceElement:
    """One sign, or one other element, in its sequence; the first of a sequence stands for it."""

    id: Id
    sign: str = ""
    parent: Parent | None = None
    sub: bool = False
    origin: SequenceElement | None = None
    right: SequenceElement | None = None
    gone: bool = False
    next: SequenceElement | None = None


class CrdtDocument:
    """A document as far as its signs go."""

    def __init__(self) -> None:
        self.nodes: dict[Id, SequenceElement] = {}
        self.heads: dict[Parent, SequenceElement] = {}
        self.clocks: dict[int, int] = {}
        self.early: list[Update] = []

    def apply(self, update: Update) -> set[Parent]:
        """Take an update in; returns which sequences it changed."""
        touched, todo, moved = set[Parent](), [*self.early, update], True
        while moved:
            moved, rest = False, list[Update]()
            for one in todo:
                items = [each for each in one.items if not self.put(each, touched)]
                deleted = [each for each in one.deleted if not self.delete(*each, touched)]
                moved |= len(items) + len(deleted) < len(one.items) + len(one.deleted)
                if items or deleted:
                    rest.append(Update(items, deleted))
            todo = rest
        self.early = todo
        return touched

    def delete(self, client: int, clock: int, length: int, touched: set[Parent]) -> bool:
        """Delete a range; False where it is not there yet."""
        if clock + length > self.clocks.get(client, 0):
            return False
        for n in range(clock, clock + length):
            if (node := self.nodes.get((client, n))) is not None:
                node.gone = True
                if node.parent is not None:
                    touched.add(node.parent)
        return True

    def put(self, one: UpdateItem, touched: set[Parent]) -> bool:
        """Put an item in its place; False where something before it is not there yet."""
        known = self.clocks.get(one.client, 0)
        needed = [id for id in (one.left, one.right) if id is not None]
        needed += [one.parent] if isinstance(one.parent, tuple) else []
        if one.clock > known or any(n >= self.clocks.get(client, 0) for client, n in needed):
            return False
        if one.clock + one.length <= known:
            return True
        self.clocks[one.client] = one.clock + one.length
        left, right = (self.nodes.get(id) if id else None for id in (one.left, one.right))
        beside = left or right
        parent, sub = (one.parent, one.sub) if beside is None else (beside.parent, beside.sub)
        if one.gone and one.left is None and one.right is None and one.parent is None:
            return True
        if parent is not None:
            self.place(one, left, right, parent, sub)
            touched.add(parent)
        return True

    def place(
        self,
        one: UpdateItem,
        left: SequenceElement | None,
        right: SequenceElement | None,
        parent: Parent,
        sub: bool,
    ) -> None:
        """Put the signs of an item between others, as YATA has it."""
        at, clock = self.before(one.client, left, right, parent), one.clock
        known = self.clocks[one.client]
        for sign in one.text if one.text is not None else [""] * one.length:
            made = SequenceElement((one.client, clock), sign, parent, sub, left, right, one.gone)
            width = units(sign) if sign else 1
            for n in range(clock, min(clock + width, known)):
                self.nodes[one.client, n] = made
            clock += width
            if not sub:
                made.next, at.next = at.next, made
            at = left = made

    def before(
        self,
        client: int,
        left: SequenceElement | None,
        right: SequenceElement | None,
        parent: Parent,
    ) -> SequenceElement:
        """Find after which node a new one goes, whose neighbours were these where it was made."""
        head = self.heads.setdefault(parent, SequenceElement((-1, -1)))
        found = left or head
        passed, rivals, other = set[int](), set[int](), found.next
        while other is not None and other is not right:
            passed.add(id(other))
            rivals.add(id(other))
            if other.origin is left:
                if other.id[0] < client:
                    found = other
                    rivals.clear()
                elif other.right is right:
                    break
            elif other.origin is not None and id(other.origin) in passed:
                if id(other.origin) not in rivals:
                    found = other
                    rivals.clear()
            else:
                break
            other = other.next
        return found

    def shown(self, parent: Parent) -> list[SequenceElement]:
        """The signs of a sequence that are not deleted, in their order."""
        found, node = list[SequenceElement](), self.heads.get(parent)
        while node is not None:
            if node.sign and not node.gone:
                found.append(node)
            node = node.next
        return found


def signs(update: Update) -> Iterator[tuple[Id, int, str]]:
    """Every sign of the texts in an update: its id, where it stands in the bytes, and itself."""
    for one in update.items:
        clock, at = one.clock, one.begin
        for sign in one.text or "":
            yield (one.client, clock), at, sign
            clock, at = clock + units(sign), at + len(sign.encode())


def blanked(data: bytes, marked: Collection[Id], as_long: Callable[[str], str]) -> bytes:
    """An update with other signs, as long, instead of those that are marked.

    Raises:
        ValueError, IndexError: it is none.
    """
    made = bytearray(data)
    for id, at, sign in signs(read(data)):
        if id in marked:
            made[at : at + len(sign.encode())] = as_long(sign).encode()
    return bytes(made)

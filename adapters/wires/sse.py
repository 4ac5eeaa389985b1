"""Server-sent events, read from bytes as they come."""

from __future__ import annotations

from collections.abc import Iterator

from attrs import define, field, frozen

from detent.fsm.errors import BadDataError


@frozen
class ServerSentEvent:
    """One event of a ``text/event-stream``: its type (may be empty), its data lines joined by line feeds."""

    event: str
    data: str

    def __bytes__(self) -> bytes:
        """As it is sent."""
        name = f"event: {self.event}\n" if self.event else ""
        lines = "".join(f"data: {line}\n" for line in self.data.split("\n"))
        return f"{name}{lines}\n".encode()


@define
class SseDecoder:
    """Bytes in, events out, however the network has cut them.

    Attributes:
        limit: the most bytes one line, or the data of one event, may have.
    """

    limit: int = 1024 * 1024
    _buffer: bytearray = field(factory=bytearray, init=False, repr=False)
    _event: str = field(default="", init=False)
    _data: list[str] = field(factory=list, init=False, repr=False)
    _size: int = field(default=0, init=False)
    _first: bool = field(default=True, init=False)

    def feed(self, data: bytes) -> Iterator[ServerSentEvent]:
        """Yield the events these bytes complete.

        Raises:
            BadDataError: a line or an event is longer than the limit.
        """
        self._buffer += data
        if b"\n" in data:
            *lines, self._buffer = self._buffer.split(b"\n")
            for line in lines:
                if (event := self._line(line)) is not None:
                    yield event
        self._check(len(self._buffer))

    def finish(self) -> ServerSentEvent | None:
        """The event the stream ended in the middle of, if any: some servers leave out the last line end."""
        if self._buffer:
            self._line(self._buffer)
            self._buffer.clear()
        return self._line(bytearray())

    def _line(self, raw: bytearray) -> ServerSentEvent | None:
        self._check(len(raw))
        # A line is decoded whole, so a character cut by the network is whole again by now.
        line = raw.removesuffix(b"\r").decode("utf-8", "replace")
        if self._first:
            line, self._first = line.removeprefix("\ufeff"), False
        if not line:
            event = ServerSentEvent(self._event, "\n".join(self._data)) if self._data else None
            self._event, self._data, self._size = "", [], 0
            return event
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "event":
            self._event = value
        elif name == "data":
            self._size += len(raw)
            self._check(self._size)
            self._data.append(value)
        return None

    def _check(self, size: int) -> None:
        if size > self.limit:
            raise BadDataError((f"event stream: a line or event of {size} bytes; the limit is {self.limit}",))

"""Replies that the tests send byte by byte, and those that a vendor words."""

from __future__ import annotations

from aiohttp import web
from attrs import frozen

from detent.adapters.local import Exchange, Said
from detent.adapters.local.speech import Speech


@frozen
class Raw:
    """A 200 with exactly these bytes."""

    body: bytes
    kind: str = "text/event-stream"

    async def reply(self, exchange: Exchange) -> web.StreamResponse:
        return web.Response(body=self.body, headers={"Content-Type": self.kind})


def chunks(*data: str) -> Raw:
    """Events that have data alone."""
    return Raw("".join(f"data: {part}\n\n" for part in data).encode())


@frozen
class Json:
    """A 200 with this JSON."""

    value: object

    async def reply(self, exchange: Exchange) -> web.StreamResponse:
        return web.json_response(self.value)


@frozen
class OnePacket:
    """Send the head and these events (None: an answer in the vendor's words) in one packet, then close without the
    last HTTP chunk."""

    events: bytes | None = None

    async def reply(self, exchange: Exchange) -> None:
        events = answer_of(exchange.speech) if self.events is None else self.events
        head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
        exchange.http.transport.write(head + b"%x\r\n%s\r\n" % (len(events), events))
        exchange.close()


def answer_of(speech: Speech, text: str = "Hello") -> bytes:
    """The events of a whole stream."""
    return opened_by(speech, text) + speech.end(Said(text))


def opened_by(speech: Speech, text: str = "Hello") -> bytes:
    """The events of a stream but for those that end it."""
    return speech.begin(Said(text)) + speech.text(text)

"""An answer in a client's own form: what each form must know to write one."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from attrs import define, field

from detent.adapters.wire import Completion, Form, Piece

from .trouble import Trouble


@define
class AnswerWriter(ABC):
    """Writes one answer, whole or streamed.

    Where the provider that answers speaks the client's form, pieces carry the events they came in, and those are sent
    on as they are, with whatever Detent does not know; else the answer is written anew.

    Attributes:
        id: what the answer is called.
        model: the model that answers.
        created: when, in POSIX seconds.
        fields: the request.
        verbatim: the provider speaks the client's form.
    """

    form: ClassVar[Form]

    id: str
    model: str
    created: int
    fields: Mapping[str, Any] = field(repr=False)
    verbatim: bool = False

    @abstractmethod
    def whole(self, pieces: Sequence[Piece]) -> dict[str, Any]:
        """The body of the whole answer that these pieces make."""

    @abstractmethod
    def begin(self) -> bytes:
        """The events with which a stream opens, before any piece."""

    def piece(self, piece: Piece) -> bytes:
        """The events that bring a piece; empty where it brings nothing that the form can say."""
        if not self.verbatim:
            return self.written(piece)
        if isinstance(piece, Completion):
            # The provider answered whole where a stream was asked for: it has no events to be sent on.
            self.verbatim = False
            return self.begin() + self.written(piece)
        return self.passed_on(piece)

    @abstractmethod
    def written(self, piece: Piece) -> bytes:
        """The events that bring a piece, in Detent's own wording."""

    def passed_on(self, piece: Piece) -> bytes:
        """The event that a piece came in; empty where the client has not asked for it."""
        return piece.event

    @abstractmethod
    def end(self) -> bytes:
        """The events that end a whole answer."""

    @abstractmethod
    def broken(self, trouble: Trouble) -> bytes:
        """The last event of an answer that broke off: no client may take it for whole."""

    @staticmethod
    @abstractmethod
    def error(trouble: Trouble) -> dict[str, Any]:
        """The body of an error."""


def event(data: Mapping[str, Any], name: str = "") -> bytes:
    """A server-sent event."""
    head = f"event: {name}\n" if name else ""
    return f"{head}data: {json.dumps(data, ensure_ascii=False, separators=(',', ':'))}\n\n".encode()


def events_in(sent: bytes) -> list[dict[str, Any]]:
    """The data of the events in bytes that a piece carries, but for ``[DONE]``."""
    lines = [line.removeprefix(b"data: ") for line in sent.splitlines() if line.startswith(b"data: ")]
    return [json.loads(line) for line in lines if line != b"[DONE]"]

"""What servers have said, word for word, and how a format reads it without a socket."""

from functools import partial
from pathlib import Path

from detent.adapters.wire import Completion, Endpoint, Piece, failure
from detent.adapters.wires import FORMATS
from detent.adapters.wires.sse import SseDecoder

RECORDINGS = Path(__file__).parent / "recordings"
ENDPOINT = Endpoint("recorded", "https://api.example/v1")
FAIL = partial(failure, ENDPOINT, status=200)


def pieces_of(api: str, path: str) -> list[Piece]:
    """The pieces of a recorded stream."""
    return pieces_in(api, (RECORDINGS / path).read_bytes())


def pieces_in(api: str, body: bytes) -> list[Piece]:
    """The pieces of a stream with these bytes."""
    reader = FORMATS[api].reader(FAIL, SseDecoder())
    pieces = list(reader.feed(body))
    return pieces if reader.done else [*pieces, *reader.end(None)]


def answer_of(api: str, path: str) -> Completion:
    """The answer that a recorded body holds."""
    return FORMATS[api].completion((RECORDINGS / path).read_text(encoding="utf-8"), "asked", FAIL)

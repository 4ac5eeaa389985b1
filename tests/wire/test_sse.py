"""The event stream decoder: the same events however the bytes are cut."""

import pytest

from detent.adapters.wire import Endpoint
from detent.adapters.wires.sse import ServerSentEvent, SseDecoder
from detent.fsm.errors import BadDataError

STREAM = (
    b"\xef\xbb\xbf: keep-alive\r\n\r\nevent: greeting\r\ndata: Gr\xc3\xbc\xc3\x9fe\r\n\r\n"
    b"id: 7\nretry: 10\n\ndata: one\ndata:two\ndata\n\n:\n\ndata:  \xf0\x9f\x8c\x8d\n\n"
)
EVENTS = [
    ServerSentEvent("greeting", "Grüße"),
    ServerSentEvent("", "one\ntwo\n"),
    ServerSentEvent("", " 🌍"),
]


@pytest.mark.parametrize("cut", range(len(STREAM) + 1))
def test_wherever_the_bytes_are_cut_the_events_are_the_same(cut):
    decoder = SseDecoder()
    assert [*decoder.feed(STREAM[:cut]), *decoder.feed(STREAM[cut:])] == EVENTS
    assert decoder.finish() is None


def test_bytes_one_by_one_make_the_same_events():
    decoder = SseDecoder()
    assert [event for i in range(len(STREAM)) for event in decoder.feed(STREAM[i : i + 1])] == EVENTS


def test_an_unfinished_event_is_given_at_the_end():
    decoder = SseDecoder()
    assert list(decoder.feed(b"data: [DONE]")) == []
    assert decoder.finish() == ServerSentEvent("", "[DONE]")
    assert decoder.finish() is None


@pytest.mark.parametrize("data", [b"x" * 101, b"data: " + b"x" * 95 + b"\n", b"data: " + b"x" * 60 + b"\ndata: " * 9])
def test_a_line_or_an_event_beyond_the_limit_is_refused(data):
    with pytest.raises(BadDataError, match="the limit is 100"):
        list(SseDecoder(100).feed(data))


def test_a_line_at_the_limit_is_taken():
    assert list(SseDecoder(100).feed(b"data: " + b"x" * 94 + b"\n\n")) == [ServerSentEvent("", "x" * 94)]


@pytest.mark.parametrize(
    ("base", "url"),
    [
        ("https://h.example/v1", "https://h.example/v1/chat"),
        ("https://h.example/v1/", "https://h.example/v1/chat"),
        ("http://[::1]:80", "http://[::1]:80/chat"),
        ("https://h.example/x?api-version=2", "https://h.example/x/chat?api-version=2"),
    ],
)
def test_the_path_goes_below_the_base_url(base, url):
    assert Endpoint("p", base).url("/chat") == url

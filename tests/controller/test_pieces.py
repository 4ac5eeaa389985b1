"""Pieces one at a time, and those that are there together."""

import asyncio

import pytest

from detent.adapters.pieces import PieceStream
from detent.adapters.wire import Piece


def stream(*batches, closed=None):
    async def coming():
        try:
            for pieces in batches:
                yield [Piece(text=text) for text in pieces]
        finally:
            if closed is not None:
                closed.append(True)

    return PieceStream(coming())


def test_pieces_come_one_by_one_however_they_came():
    async def main():
        return [piece.text async for piece in stream("ab", "", "c")]

    assert asyncio.run(main()) == ["a", "b", "c"]


def test_what_came_with_a_piece_is_taken_without_waiting_and_comes_once():
    async def main():
        pieces = stream("abc", "d")
        first = await anext(pieces)
        rest = pieces.ready()
        nothing_more = pieces.ready()
        return first.text, [piece.text for piece in rest], nothing_more, [piece.text async for piece in pieces]

    assert asyncio.run(main()) == ("a", ["b", "c"], [], ["d"])


def test_a_stream_that_is_left_stops_its_call_and_has_nothing_more():
    async def main():
        closed = []
        pieces = stream("abc", "d", closed=closed)
        await anext(pieces)
        await pieces.aclose()
        with pytest.raises(StopAsyncIteration):
            await anext(pieces)
        return closed

    assert asyncio.run(main()) == [True]

"""Requests in OpenAI's chat form: what is read, what is written, what is refused and why."""

from hypothesis import given

from detent.adapters.wires.chat_request import read_chat, write_chat

from .conversations import Holds, conversations

CHAT = Holds(
    tuning=(
        *("temperature", "top_p", "seed", "presence_penalty", "frequency_penalty"),
        *("effort", "user", "max_tokens"),
    ),
    details=("", "low", "high"),
    stricts=(None, False, True),
)


@given(conversations(CHAT))
def test_a_conversation_written_and_read_again_is_the_same(asked):
    assert read_chat(write_chat(asked)) == asked

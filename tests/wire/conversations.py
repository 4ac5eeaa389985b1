"""Any conversation that a form can hold, for round trips: what is written and read again is what it was."""

import json

from attrs import frozen
from hypothesis import strategies as st

from detent.adapters.wires.conversation import (
    AnswerSchema,
    Conversation,
    Image,
    Message,
    Text,
    Tool,
    ToolChoice,
    ToolResult,
    ToolUse,
)

NAMES = st.sampled_from(("look_up", "send-mail", "f"))
WORDS = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=12).filter(str.strip)
TUNING = {
    "temperature": st.floats(0, 2),
    "top_p": st.floats(0, 1),
    "top_k": st.integers(1, 100),
    "seed": st.integers(0, 2**31),
    "presence_penalty": st.floats(-2, 2),
    "frequency_penalty": st.floats(-2, 2),
    "effort": st.sampled_from(("low", "medium", "high")),
    "verbosity": st.sampled_from(("low", "medium", "high")),
    "user": WORDS,
    "max_tokens": st.integers(16, 100_000),
}
SCHEMAS = st.fixed_dictionaries(
    {"type": st.just("object"), "properties": st.dictionaries(WORDS, st.just({"type": "string"}), max_size=2)}
)


@frozen(kw_only=True)
class Holds:
    """What a form can hold; what it cannot is in no conversation made for it.

    Attributes:
        tuning: the fields of `TUNING` that it has.
        stop: stop sequences.
        answers: schemas of the answer.
        any_object: an answer that is any JSON object, beside those with a schema.
        efforts: how much the model may be told to think; only where ``tuning`` has ``effort``.
        details: how closely a picture may be looked at.
        image_urls: pictures by address, beside those that come as data.
        stricts: how strictly schemas may be meant.
        parallels: whether several tools at once can be asked for.
        modes: the ways of choosing tools.
        result_images: pictures in the results of tools.
        result_errors: results that are errors.
    """

    tuning: tuple[str, ...]
    stop: bool = True
    answers: bool = True
    any_object: bool = True
    efforts: tuple[str, ...] = ("low", "medium", "high")
    details: tuple[str, ...] = ("",)
    image_urls: bool = True
    stricts: tuple[bool | None, ...] = (None,)
    parallels: tuple[bool | None, ...] = (None, False, True)
    modes: tuple[str, ...] = ("auto", "none", "required", "named")
    result_images: bool = False
    result_errors: bool = False


@st.composite
def conversations(draw: st.DrawFn, holds: Holds) -> Conversation:
    """Conversations that a form can hold: begun and ended by the user, every call of a tool with its result."""
    system = draw(st.none() | WORDS)
    tools = draw(st.lists(_tools(holds), max_size=3, unique_by=lambda tool: tool.name))
    return Conversation(
        system=() if system is None else (Text(system),),
        messages=tuple(_messages(draw, holds)),
        tools=tuple(tools),
        tool_choice=draw(_choices(holds, tools)) if tools else ToolChoice(),
        answer=draw(st.none() | _answers(holds)) if holds.answers else None,
        stop=tuple(draw(st.lists(WORDS, max_size=2))) if holds.stop else (),
        **{name: draw(st.none() | _tuning(name, holds)) for name in holds.tuning},
    )


def _messages(draw: st.DrawFn, holds: Holds) -> list[Message]:
    said = [Message("user", tuple(draw(_spoken(holds))))]
    for turn in range(draw(st.integers(0, 3))):
        text = draw(st.none() | WORDS)
        names = draw(st.lists(NAMES, min_size=0 if text else 1, max_size=3))
        uses = [ToolUse(f"call_{turn}_{at}", name, draw(_arguments())) for at, name in enumerate(names)]
        said.append(Message("assistant", (*(() if text is None else (Text(text),)), *uses)))
        results = [ToolResult(use.id, use.name, *draw(_results(holds))) for use in uses]
        spoken = draw(_spoken(holds)) if not results or draw(st.booleans()) else []
        said.append(Message("user", (*results, *spoken)))
    return said


def _tuning(name: str, holds: Holds) -> st.SearchStrategy[object]:
    return st.sampled_from(holds.efforts) if name == "effort" else TUNING[name]


def _spoken(holds: Holds) -> st.SearchStrategy[list[Text | Image]]:
    return st.lists(WORDS.map(Text) | _images(holds), min_size=1, max_size=3)


def _images(holds: Holds) -> st.SearchStrategy[Image]:
    detail = st.sampled_from(holds.details)
    kinds = st.sampled_from(("image/png", "image/jpeg"))
    held = st.builds(Image, media_type=kinds, data=st.sampled_from(("iVBORw0KGgo=", "/9j/4AAQ")), detail=detail)
    linked = st.builds(Image, url=st.sampled_from(("https://x.example/a.png", "http://x.example/b?c=d")), detail=detail)
    return held | linked if holds.image_urls else held


def _arguments() -> st.SearchStrategy[str]:
    return st.dictionaries(WORDS, st.integers() | WORDS | st.none(), max_size=2).map(json.dumps)


def _results(holds: Holds) -> st.SearchStrategy[tuple[tuple[Text | Image, ...], bool]]:
    images = st.lists(_images(holds), max_size=1 if holds.result_images else 0)
    content = st.tuples(WORDS, images).map(lambda both: (Text(both[0]), *both[1]))
    return st.tuples(content, st.booleans() if holds.result_errors else st.just(False))


def _tools(holds: Holds) -> st.SearchStrategy[Tool]:
    strict = st.sampled_from(holds.stricts)
    return st.builds(Tool, name=NAMES, description=st.just("") | WORDS, parameters=SCHEMAS, strict=strict)


def _choices(holds: Holds, tools: list[Tool]) -> st.SearchStrategy[ToolChoice]:
    parallel = st.sampled_from(holds.parallels)
    named = st.builds(ToolChoice, st.just("named"), st.sampled_from([tool.name for tool in tools]), parallel)
    free = st.builds(ToolChoice, st.sampled_from([mode for mode in holds.modes if mode != "named"]), parallel=parallel)
    return free | named if "named" in holds.modes else free


def _answers(holds: Holds) -> st.SearchStrategy[AnswerSchema]:
    strict = st.sampled_from(holds.stricts)
    fitting = st.builds(AnswerSchema, name=NAMES, schema=SCHEMAS, strict=strict)
    return st.just(AnswerSchema()) | fitting if holds.any_object else fitting

"""Writing a request for Google's ``generateContent``; nobody writes turns in that form, so it is not read.

Where Google's documentation leaves a choice:

- Schemas go into ``parametersJsonSchema`` and ``responseJsonSchema``, which take JSON schema as it is; ``parameters``
  and ``responseSchema`` know only a subset of OpenAPI's.
- JSON answers are asked for beside tools, as Gemini 3 has it; older models refuse that as unsupported, and the turn
  goes on with the next candidate.
- Gemini wants the ``thoughtSignature`` of each step's first call back. A real one holds only where it was made:
  with another model or credential it is a 400, and a session moves between those. So every such call carries the value
  documented for calls that come from elsewhere (Gemini API, *Thought signatures*, FAQ).
- A picture goes by address (Gemini API, *File input methods*) if the address tells its type, for Google wants that too.
- What some models refuse a whole turn for is left out where it only tunes: penalties, and the effort, whose levels
  differ from model to model (``extra_body`` can set a ``thinkingConfig`` for an endpoint).
- One call at a time (``parallel_tool_calls: false``) is something a client relies on, and Google has no word for it.
"""

from __future__ import annotations

import mimetypes
import re
from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import urlsplit

from .conversation import (
    AnswerSchema,
    Conversation,
    Image,
    Message,
    Text,
    Tool,
    ToolChoice,
    ToolResult,
    ToolUse,
    unsupported,
)
from .shapes import object_of

_FOREIGN_SIGNATURE: Final = "skip_thought_signature_validator"
_MOST_STOPS: Final = 5
_SEED_BOUND: Final = 2**31
_TOOL_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.:-]{0,127}")


def write_gemini(asked: Conversation) -> dict[str, Any]:
    """The body of a request, the same for an answer whole or streamed.

    Raises:
        ProviderError: something in it cannot be rendered (``unsupported``), or a call's arguments are no object
            (``invalid_request``).
    """
    contents = [content for message in asked.messages if (content := _content(message))["parts"]]
    if not contents:
        raise unsupported("there are no messages besides the instructions, which Google's Gemini does not answer")
    body: dict[str, Any] = {"contents": contents}
    if instructions := [{"text": part.text} for part in asked.system if part.text]:
        body["systemInstruction"] = {"parts": instructions}
    if asked.tools:
        body["tools"] = [{"functionDeclarations": [_declared(tool) for tool in asked.tools]}]
        if calling := _calling(asked.tool_choice, strict=any(tool.strict for tool in asked.tools)):
            body["toolConfig"] = {"functionCallingConfig": calling}
    if config := _config(asked):
        body["generationConfig"] = config
    return body


def _content(message: Message) -> dict[str, Any]:
    if message.role == "assistant":
        return {"role": "model", "parts": list(_said(message))}
    return {"role": "user", "parts": list(_heard(message))}


def _said(message: Message) -> Iterator[dict[str, Any]]:
    signature = {"thoughtSignature": _FOREIGN_SIGNATURE}
    for part in message.parts:
        if isinstance(part, ToolUse):
            args = object_of(part.arguments, f"the arguments of tool call {part.id}")
            yield {"functionCall": {"id": part.id, "name": part.name, "args": args}, **signature}
            signature = {}
        elif isinstance(part, (Text, Image)):
            yield from _spoken(part)


def _heard(message: Message) -> Iterator[dict[str, Any]]:
    """A message of the user: the results of tools come first, then pictures in them, which older models want apart."""
    results = [part for part in message.parts if isinstance(part, ToolResult)]
    for result in results:
        if not result.name:
            raise unsupported(f"the result of tool call {result.id} comes without the call, and Gemini wants its name")
        answer = {"error" if result.is_error else "output": result.text}
        yield {"functionResponse": {"id": result.id, "name": result.name, "response": answer}}
    for image in (image for result in results for image in result.images):
        yield from _spoken(image)
    for part in message.parts:
        if isinstance(part, (Text, Image)):
            yield from _spoken(part)


def _spoken(part: Text | Image) -> Iterator[dict[str, Any]]:
    if isinstance(part, Image):
        yield _image(part)
    elif part.text:
        yield {"text": part.text}


def _image(image: Image) -> dict[str, Any]:
    if image.data:
        if not image.media_type:
            raise unsupported("an image comes without its type (data:image/png;base64,...), and Gemini wants that")
        return {"inlineData": {"mimeType": image.media_type, "data": image.data}}
    kind = mimetypes.guess_type(urlsplit(image.url).path, strict=False)[0] or ""
    if not kind.startswith("image/"):
        raise unsupported("an image's address does not end in its type (.png, .jpg), and Gemini wants that")
    return {"fileData": {"mimeType": kind, "fileUri": image.url}}


def _declared(tool: Tool) -> dict[str, Any]:
    if not _TOOL_NAME.fullmatch(tool.name):
        raise unsupported(f"tool name {tool.name!r}: Gemini takes letters, digits, _ . : and -, a letter or _ first")
    described = {"description": tool.description} if tool.description else {}
    return {"name": tool.name, **described, "parametersJsonSchema": dict(tool.parameters)}


def _calling(choice: ToolChoice, *, strict: bool) -> dict[str, Any]:
    """The mode of function calling; ``ANY`` and ``VALIDATED`` hold the arguments to their schema, ``AUTO`` does not."""
    if choice.parallel is False and choice.mode != "none":
        raise unsupported("parallel_tool_calls is false, and Gemini cannot be held to one call at a time")
    if choice.mode == "none":
        return {"mode": "NONE"}
    if choice.mode == "required":
        return {"mode": "ANY"}
    if choice.mode == "named":
        return {"mode": "ANY", "allowedFunctionNames": [choice.name]}
    return {"mode": "VALIDATED"} if strict else {}


def _config(asked: Conversation) -> dict[str, Any]:
    if len(asked.stop) > _MOST_STOPS:
        raise unsupported(f"there are {len(asked.stop)} stop sequences, and Gemini takes {_MOST_STOPS} at most")
    given = {
        "maxOutputTokens": asked.max_tokens,
        "stopSequences": list(asked.stop) or None,
        "temperature": asked.temperature,
        "topP": asked.top_p,
        "topK": asked.top_k,
        "seed": _seed(asked.seed),
    }
    return {name: value for name, value in given.items() if value is not None} | _answering(asked.answer)


def _seed(seed: int | None) -> int | None:
    """Google takes 32 bits of what OpenAI takes 64 of."""
    return seed if seed is not None and -_SEED_BOUND <= seed < _SEED_BOUND else None


def _answering(wanted: AnswerSchema | None) -> dict[str, Any]:
    if wanted is None:
        return {}
    schema = {} if wanted.schema is None else {"responseJsonSchema": dict(wanted.schema)}
    return {"responseMimeType": "application/json", **schema}

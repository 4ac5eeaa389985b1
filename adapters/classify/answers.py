"""Whether a 200 holds an answer: the success shapes of OpenAI, Anthropic, Gemini, Ollama, Bedrock and
Cohere."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, Literal

from .words import words

Shape = Literal["answer", "empty", "refused", "faulty", "starved", "overlong", "cut", "error", "none"]
"""``answer``: words or tool calls; ``empty``: a reply without any; ``refused``: withheld by a filter;
``faulty``: spoilt by the model's own tool call; ``starved``: broken off for want of the provider's resources,
with words or without; ``overlong``: without words, for the prompt filled the context window;
``cut``: a stream without its end; ``error``: an error object; ``none``: nothing that is known."""

_REFUSALS: Final = words(
    "content_filter safety recitation blocklist prohibited_content spii model_armor escalation "
    "image_safety image_prohibited_content image_recitation refusal "
    "content_filtered guardrail_intervened error_toxic sensitive"
)
_FAULTS: Final = words("malformed_function_call unexpected_tool_call malformed_response too_many_tool_calls error")
_STARVED: Final = words("insufficient_system_resource")
_OVERLONG: Final = words("model_context_window_exceeded")
_WITHHELD: Final[tuple[tuple[Shape, frozenset[str]], ...]] = (
    ("refused", _REFUSALS),
    ("faulty", _FAULTS),
    ("starved", _STARVED),
    ("overlong", _OVERLONG),
)
_SPOKEN: Final = words(
    "text partial_json arguments functioncall function_call toolcall tool_calls tooluse inlinedata "
    "executablecode codeexecutionresult generated_text refusal data_b64 audio images"
)
_SPEAKING_TYPES: Final = words(
    "tool_use server_tool_use function_call custom_tool_call web_search_call image_generation_call "
    "computer_call mcp_call code_interpreter_call local_shell_call image audio"
)
_ENDS: Final = words(
    "message_stop response.completed response.done response.incomplete message-end stream-end messagestop"
)
_REASONED: Final = words("choices candidates promptfeedback delta incompletedetails response message")
_DELTAS: Final = (
    "delta",
    "choices",
    "candidates",
    "output",
    "message",
    "response",
    "content",
    "contentBlockDelta",
)


def shape_of_value(value: Any) -> Shape:
    """The shape of a whole 200 body, already parsed."""
    if isinstance(value, list):
        shapes = [shape_of_value(item) for item in value[:50]]
        order: tuple[Shape, ...] = ("error", "starved", "refused", "answer", "faulty", "overlong", "empty")
        return next((shape for shape in order if shape in shapes), "none")
    if not isinstance(value, dict):
        return "none"
    if _is_error(value):
        return "error"
    found = _answered(value)
    if found == "none":
        return found
    withheld = _withheld(value)
    return withheld if withheld and (found == "empty" or withheld == "starved") else found


def shape_of_events(events: Sequence[tuple[str, Any]]) -> Shape:
    """The shape of a stream: its ``(event name, parsed data)`` pairs."""
    spoke = ended = False
    withheld: Shape | None = None
    for name, data in events:
        kind = str(data.get("type", "")) if isinstance(data, dict) else ""
        if name == "error" or kind in ("error", "response.failed") or (isinstance(data, dict) and _is_error(data)):
            return "error"
        ended = ended or data == "[DONE]" or kind.lower() in _ENDS or name.lower() in _ENDS or _ends(data)
        withheld = withheld or _withheld(data)
        spoke = spoke or _delta_speaks(kind, data)
    if spoke and withheld != "starved":
        return "answer" if ended else "cut"
    if withheld:
        return withheld
    return "empty" if (any(isinstance(data, dict) for _, data in events) and ended) or not events else "cut"


def _is_error(value: dict[Any, Any]) -> bool:
    base = value.get("base_resp")
    if isinstance(base, dict) and base.get("status_code") not in (0, None, "0"):
        return True
    if value.get("type") == "error" or value.get("status") == "failed" or value.get("success") is False:
        return True
    choices = value.get("choices")
    if isinstance(choices, list) and any(isinstance(c, dict) and c.get("error") for c in choices[:20]):
        return True
    return bool(value.get("error")) or bool(value.get("errors")) or any(str(key).endswith("Exception") for key in value)


def _answered(value: dict[Any, Any]) -> Shape:
    """``answer`` or ``empty`` for the known shapes, ``none`` for an unknown one."""
    if isinstance(value.get("response"), dict):
        return shape_of_value(value["response"])
    if isinstance(value.get("data"), list) and value.get("object") == "list":
        return "answer"
    for key in ("choices", "candidates", "output", "content", "message", "generations", "results"):
        if key in value and isinstance(value[key], dict | list) and _known(key, value):
            return "answer" if _speaks(value[key]) else "empty"
    if isinstance(value.get("response"), str) and "done" in value:
        return "answer" if value["response"].strip() else "empty"
    for key in ("generated_text", "output_text", "embeddings", "embedding"):
        if key in value:
            return "answer" if value[key] else "empty"
    if "text" in value and ("finish_reason" in value or "generation_id" in value):
        return "answer" if str(value["text"] or "").strip() else "empty"
    without_words = {"choices", "candidates", "promptFeedback", "usageMetadata"} & value.keys()
    if without_words or value.get("type") == "message_delta":
        return "empty"
    return "none"


def _known(key: str, value: dict[Any, Any]) -> bool:
    if key == "content":
        return value.get("type") == "message" or value.get("role") == "assistant" or "stop_reason" in value
    if key == "message":
        return "done" in value or "finish_reason" in value or value.get("message", {}).get("role") == "assistant"
    return True


def _speaks(value: Any, depth: int = 0) -> bool:
    """Whether words, a tool call or a picture are somewhere in the answering part of a reply."""
    if depth > 8:
        return False
    if isinstance(value, list):
        return any(_speaks(item, depth + 1) for item in value[:100])
    if isinstance(value, str):
        return bool(value.strip())
    if not isinstance(value, dict):
        return False
    if value.get("type") in _SPEAKING_TYPES:
        return True
    if value.get("type") in ("thinking", "reasoning", "redacted_thinking") or value.get("thought") is True:
        return False
    for key, child in value.items():
        name = str(key).lower()
        if name in _SPOKEN and child not in (None, "", [], {}) and _speaks_of(child, depth):
            return True
        if name in ("message", "content", "parts", "delta", "output") and _speaks(child, depth + 1):
            return True
    return False


def _speaks_of(child: Any, depth: int) -> bool:
    if isinstance(child, str):
        return bool(child.strip())
    return _speaks(child, depth + 1) or (isinstance(child, dict | list) and not _is_text_list(child))


def _is_text_list(child: Any) -> bool:
    return isinstance(child, list) and all(
        isinstance(item, dict) and item.get("type", "text") in ("text", "thinking", "reasoning") for item in child
    )


def _withheld(value: Any, depth: int = 0) -> Shape | None:
    """The shape where a finish, stop or block reason says why there is no answer."""
    if depth > 6:
        return None
    if isinstance(value, list):
        return next(filter(None, (_withheld(item, depth + 1) for item in value[:50])), None)
    if not isinstance(value, dict):
        return None
    for key, child in value.items():
        name = str(key).lower().replace("_", "")
        shape: Shape | None = None
        if isinstance(child, str):
            shape = _reason_shape(name, child.lower())
        elif name in _REASONED:
            shape = _withheld(child, depth + 1)
        if shape:
            return shape
    return None


def _reason_shape(name: str, word: str) -> Shape | None:
    if name == "blockreason" and word:
        return "refused"
    if name in ("finishreason", "stopreason", "reason"):
        return next((shape for shape, said in _WITHHELD if word in said), None)
    return None


def _ends(data: Any) -> bool:
    if not isinstance(data, dict):
        return False
    if data.get("done") is True:
        return True
    for key in ("choices", "candidates"):
        items = data.get(key)
        if isinstance(items, list) and any(
            isinstance(i, dict) and (i.get("finish_reason") or i.get("finishReason")) for i in items[:20]
        ):
            return True
    return isinstance(data.get("response"), dict) and _ends(data["response"])


def _delta_speaks(kind: str, data: Any) -> bool:
    if not isinstance(data, dict):
        return False
    if kind in ("response.output_text.delta", "response.function_call_arguments.delta"):
        return bool(data.get("delta"))
    block = data.get("content_block")
    if isinstance(block, dict) and block.get("type") in _SPEAKING_TYPES:
        return True
    return any(key in data and _speaks(data[key]) for key in _DELTAS)

"""What OpenAI's two forms say alike: tools, the choice of one, and the schema of the answer.

Chat completions put each into an object of its own, under ``function`` or ``json_schema``; Responses lay it flat. The
name of that object is the ``nest`` of the functions here, empty for Responses.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from detent.fsm.mistakes import shown

from .conversation import AnswerSchema, Tool, ToolChoice, unsupported
from .shapes import as_flag, as_table, as_tables, as_text


def tools_in(tools: object, nest: str) -> Iterator[Tool]:
    """The tools of a request."""
    for place, tool in as_tables(tools, "tools"):
        if tool.get("type") != "function":
            raise unsupported(f"{place} is of type {shown(tool.get('type'))}, which only its vendor has")
        function, path = _within(tool, place, nest)
        parameters = function.get("parameters")
        given = {} if parameters is None else {"parameters": as_table(parameters, f"{path}.parameters")}
        yield Tool(
            as_text(function.get("name"), f"{path}.name"),
            as_text(function.get("description") or "", f"{path}.description"),
            strict=as_flag(function.get("strict"), f"{path}.strict"),
            **given,
        )


def tool_choice_in(choice: object, parallel: object, nest: str) -> ToolChoice:
    """Whether tools are called."""
    at_once = as_flag(parallel, "parallel_tool_calls")
    if choice is None or choice in ("auto", "none", "required"):
        return ToolChoice(choice or "auto", parallel=at_once)
    chosen = as_table(choice, "tool_choice")
    if chosen.get("type") != "function":
        raise unsupported(f"tool_choice is of type {shown(chosen.get('type'))}, which has no counterpart")
    function, path = _within(chosen, "tool_choice", nest)
    return ToolChoice("named", as_text(function.get("name"), f"{path}.name"), at_once)


def answer_schema_in(wanted: object, place: str, nest: str) -> AnswerSchema | None:
    """The form that the answer is to have, None: free text."""
    if wanted is None:
        return None
    table = as_table(wanted, place)
    kind = table.get("type")
    if kind == "text":
        return None
    if kind == "json_object":
        return AnswerSchema()
    if kind != "json_schema":
        raise unsupported(f"{place} is of type {shown(kind)}, which has no counterpart in other formats")
    inner, path = _within(table, place, nest)
    return AnswerSchema(
        as_text(inner.get("name") or "answer", f"{path}.name"),
        as_table(inner.get("schema") or {}, f"{path}.schema"),
        as_flag(inner.get("strict"), f"{path}.strict"),
    )


def written_tool_choice(choice: ToolChoice, nest: str) -> dict[str, Any]:
    """The fields that say whether tools are called."""
    written: dict[str, Any] = {} if choice.parallel is None else {"parallel_tool_calls": choice.parallel}
    if choice.mode == "named":
        written["tool_choice"] = {"type": "function", **_nested({"name": choice.name}, nest)}
    elif choice.mode != "auto":
        written["tool_choice"] = choice.mode
    return written


def written_answer_schema(answer: AnswerSchema, nest: str) -> dict[str, Any]:
    """The form that the answer is to have."""
    if answer.schema is None:
        return {"type": "json_object"}
    strict = {} if answer.strict is None else {"strict": answer.strict}
    return {"type": "json_schema", **_nested({"name": answer.name, "schema": dict(answer.schema), **strict}, nest)}


def _within(table: Mapping[str, Any], path: str, nest: str) -> tuple[Mapping[str, Any], str]:
    if not nest:
        return table, path
    return as_table(table.get(nest), f"{path}.{nest}"), f"{path}.{nest}"


def _nested(fields: dict[str, Any], nest: str) -> dict[str, Any]:
    return {nest: fields} if nest else fields

"""Checks a request as the API does: its fields, the model, the tools, the settings. Messages: `check_messages`."""

import re
from collections.abc import Callable
from typing import Any

from tests.support.messages_api import caching
from tests.support.messages_api.check_messages import Issued, check_messages
from tests.support.messages_api.check_schema import check_schema
from tests.support.messages_api.models import KnownModel
from tests.support.messages_api.refusal import (
    Refused,
    demand_cache_control,
    demand_fields,
    demand_one_of,
    demand_type,
)

_COUNTED = ("system", "tools", "tool_choice", "thinking", "output_config", "cache_control")
_OPTIONAL = (*_COUNTED, "stream", "metadata", "stop_sequences", "service_tier")
_EFFORTS = ("low", "medium", "high", "xhigh", "max")
_TOOL_NAME = re.compile(r"[a-zA-Z0-9_-]{1,128}")
_MAX_BREAKPOINTS = 4


def check_request(
    body: Any, find_model: Callable[[str], KnownModel | None], issued: Issued, *, counting: bool = False
) -> KnownModel:
    """The model that the request asks, when the request is right. `find_model` knows a model by its id.

    `counting`: it only wants its tokens counted.

    Raises: Refused: the API would not take it.
    """
    demand_fields(
        "", body, ["model", "messages", *([] if counting else ["max_tokens"])], _COUNTED if counting else _OPTIONAL
    )
    demand_type("model", body["model"], str, "string")
    model = find_model(body["model"])
    if model is None:
        raise Refused(f"model: {body['model']}", 404)
    if not counting:
        _check_sampling(body, model)
    _check_system(body.get("system"))
    _check_tools(body)
    _check_thinking(body, model)
    _check_output_config(body.get("output_config"))
    check_messages(body, model, issued)
    _check_breakpoints(body)
    if not counting and (total := caching.count(body)) > model.max_input_tokens:
        raise Refused(f"prompt is too long: {total} tokens > {model.max_input_tokens} maximum")
    return model


def _check_sampling(body: dict[str, Any], model: KnownModel) -> None:
    demand_type("max_tokens", body["max_tokens"], int, "integer")
    if body["max_tokens"] < 1:
        raise Refused("max_tokens: Input should be greater than or equal to 1")
    if body["max_tokens"] > model.max_tokens:
        raise Refused(
            f"max_tokens: {body['max_tokens']} > {model.max_tokens}, which is the maximum allowed number of output "
            f"tokens for {model.id}"
        )
    if "stream" in body:
        demand_type("stream", body["stream"], bool, "boolean")
    for index, sequence in enumerate(body.get("stop_sequences") or []):
        if not isinstance(sequence, str) or not sequence.strip():
            raise Refused(f"stop_sequences.{index}: each stop sequence must contain non-whitespace")


def _check_system(system: Any) -> None:
    if system is None or isinstance(system, str):
        return
    demand_type("system", system, list, "list")
    for index, block in enumerate(system):
        where = f"system.{index}"
        demand_fields(where, block, ["type", "text"], ["cache_control", "citations"])
        demand_one_of(f"{where}.type", block["type"], ["text"])
        demand_type(f"{where}.text", block["text"], str, "string")
        if not block["text"] and block.get("cache_control"):
            raise Refused(f"{where}: cache_control cannot be set for empty text blocks")
        if not block["text"]:
            raise Refused("system: text content blocks must be non-empty")
        demand_cache_control(where, block)


def _check_tools(body: dict[str, Any]) -> None:
    tools = body.get("tools")
    names: set[str] = set()
    for index, tool in enumerate(tools or []):
        where = f"tools.{index}.custom"
        demand_fields(
            where,
            tool,
            ["name", "input_schema"],
            ["description", "cache_control", "type", "strict", "eager_input_streaming", "input_examples"],
        )
        demand_type(f"{where}.name", tool["name"], str, "string")
        if not _TOOL_NAME.fullmatch(tool["name"]):
            raise Refused(f"{where}.name: String should match pattern '^[a-zA-Z0-9_-]{{1,128}}$'")
        if tool["name"] in names:
            raise Refused("tools: Tool names must be unique.")
        names.add(tool["name"])
        if "description" in tool:
            demand_type(f"{where}.description", tool["description"], str, "string")
        schema = tool["input_schema"]
        demand_type(f"{where}.input_schema", schema, dict, "dictionary")
        if "type" not in schema:
            raise Refused(f"{where}.input_schema.type: Field required")
        demand_one_of(f"{where}.input_schema.type", schema["type"], ["object"])
        if any(word in schema for word in ("oneOf", "allOf", "anyOf")):
            raise Refused(
                f"{where}.input_schema: input_schema does not support oneOf, allOf, or anyOf at the top level"
            )
        if tool.get("strict"):
            check_schema(f"{where}.input_schema", schema)
        demand_cache_control(where, tool)
    _check_tool_choice(body.get("tool_choice"), names, thinks=(body.get("thinking") or {}).get("type") == "adaptive")


def _check_tool_choice(choice: Any, names: set[str], *, thinks: bool) -> None:
    if choice is None:
        return
    demand_fields("tool_choice", choice, ["type"], ["name", "disable_parallel_tool_use"])
    demand_one_of("tool_choice.type", choice["type"], ["auto", "any", "tool", "none"])
    if not names:
        raise Refused("tool_choice may only be specified while providing tools")
    if choice["type"] == "tool" and choice.get("name") not in names:
        raise Refused(f"Tool '{choice.get('name')}' not found in provided tools")
    if thinks and choice["type"] in ("any", "tool"):
        raise Refused("Thinking may not be enabled when tool_choice forces tool use.")


def _check_thinking(body: dict[str, Any], model: KnownModel) -> None:
    thinking = body.get("thinking")
    if thinking is None:
        return
    demand_fields("thinking", thinking, ["type"], ["display", "budget_tokens"])
    demand_one_of("thinking.type", thinking["type"], ["adaptive", "disabled", "enabled", "between_tools"])
    if "budget_tokens" in thinking and thinking["type"] != "enabled":
        raise Refused(f"thinking.{thinking['type']}.budget_tokens: Extra inputs are not permitted")
    if thinking["type"] == "enabled":
        raise Refused('"thinking.type.enabled" is not supported for this model. Use "thinking.type.adaptive".')
    if thinking["type"] != "disabled" and not (model.adaptive_thinking and thinking["type"] == "adaptive"):
        raise Refused(f"{thinking['type']} thinking is not supported on this model")
    if "display" in thinking:
        demand_one_of("thinking.display", thinking["display"], ["summarized", "omitted"])


def _check_output_config(config: Any) -> None:
    if config is None:
        return
    demand_fields("output_config", config, [], ["effort", "format"])
    if config.get("effort") is not None:
        demand_one_of("output_config.effort", config["effort"], _EFFORTS)
    form = config.get("format")
    if form is not None:
        demand_fields("output_config.format", form, ["type", "schema"])
        demand_one_of("output_config.format.type", form["type"], ["json_schema"])
        demand_type("output_config.format.schema", form["schema"], dict, "dictionary")
        check_schema("output_config.format.schema", form["schema"])


def _check_breakpoints(body: dict[str, Any]) -> None:
    demand_cache_control("request", body)
    marks = int(body.get("cache_control") is not None)
    parts = [*(body.get("tools") or []), *caching.as_blocks(body.get("system") or [])]
    for message in body["messages"]:
        parts += caching.as_blocks(message["content"])
    for part in parts:
        marks += int(part.get("cache_control") is not None)
        inner = part.get("content")
        if isinstance(inner, list):
            marks += sum(block.get("cache_control") is not None for block in inner)
    if marks > _MAX_BREAKPOINTS:
        raise Refused(f"A maximum of {_MAX_BREAKPOINTS} blocks with cache_control may be provided. Found {marks}.")

"""What a server of the Messages API takes, and requests in these terms.

The model's facts say it where the server has them. Other servers are tried once: what a 400 refuses by name is left
out from then on, and an answer by a schema is asked for in words.
"""

import json
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import anthropic
from anthropic.types import ModelInfo

from cloud.agent.contract import Block, ToolParam
from cloud.agent.model_errors import is_transient, said_by

_CACHED = {"type": "ephemeral"}
_FACTS_KEPT_S = 3600.0
_FACTS_TIMEOUT_S = 10.0
_REFUSAL = re.compile(
    r"extra (inputs|fields)|not permitted|not supported|unsupported|(does not|doesn't) support|unknown|unrecogni[sz]ed"
    r"|not allowed|not available"
)
# What an error calls a part of the request → the parts that are left out for it.
_NAMES = {
    r"output_config(?!\.)": ("format", "effort"),
    r"output_config\.format(?!\.)|output_format|json_schema|structured output": ("format",),
    r"\beffort\b": ("effort",),
    r"(?<!`)\bthinking\b": ("thinking",),
    r"cache[_ ]control": ("cache_control",),
}
_IN_WORDS = (
    "\n\nAnswer with one JSON object and nothing around it, neither words nor a code fence. "
    "It must fit this JSON schema:\n"
)


@dataclass(frozen=True)
class CallOptions:
    """What may differ from call to call. `schema`: the answer is one JSON text of this JSON schema.

    `effort` is how hard the model thinks (low, medium, high, …; None: its own default), `max_tokens` how long its
    answer may be (None: the client's).
    """

    effort: str | None = None
    schema: dict[str, Any] | None = None
    max_tokens: int | None = None


@dataclass(frozen=True)
class ModelFacts:
    """What a server says of a model; None where it does not. `thinking` is of the adaptive kind."""

    max_input_tokens: int | None = None
    max_output_tokens: int | None = None
    thinking: bool = False
    efforts: frozenset[str] | None = None
    structured_outputs: bool | None = None
    image_input: bool | None = None


@dataclass
class Abilities:
    """What is known of one model at one server. Shared by all clients of it in a process."""

    facts: ModelFacts | None = None
    refused: set[str] = field(default_factory=set)
    _asked_at: float = 0.0

    async def learn_facts(self, client: anthropic.AsyncAnthropic, model: str) -> ModelFacts:
        """The model's facts, asked of the server once an hour. Raises: anthropic's errors that may pass."""
        now = time.monotonic()
        if self.facts is None or (self._asked_at and now - self._asked_at > _FACTS_KEPT_S):
            try:
                self.facts = _facts_of(await client.models.retrieve(model, timeout=_FACTS_TIMEOUT_S))
            except anthropic.APIStatusError as error:
                if is_transient(error):
                    raise
                # A wrong key or model id shows in the call itself, with the better message.
                self.facts = ModelFacts()
            except anthropic.APIResponseValidationError:
                self.facts = ModelFacts()
            self._asked_at = now
        return self.facts

    def learn_refusal(self, error: anthropic.APIStatusError, options: CallOptions) -> bool:
        """Whether the error refuses a part of the request that can be left out, which it is from now on."""
        said = said_by(error).lower()
        if error.status_code not in (400, 422) or not _REFUSAL.search(said):
            return False
        sent = self._parts(options) - self.refused
        refused = {part for name, parts in _NAMES.items() if re.search(name, said) for part in parts} & sent
        self.refused |= refused
        return bool(refused)

    def answers_in_words(self, options: CallOptions) -> bool:
        """Whether the schema of the answer has to be asked for in the prompt."""
        return options.schema is not None and "format" not in self._parts(options) - self.refused

    def request(
        self, system: str, tools: Sequence[ToolParam], messages: Sequence[Mapping[str, Any]], options: CallOptions
    ) -> dict[str, Any]:
        """The arguments of the call, but for the model and `max_tokens`."""
        parts = self._parts(options) - self.refused
        if self.answers_in_words(options):
            system += _IN_WORDS + json.dumps(options.schema)
        said: Block = {"type": "text", "text": system}
        given: list[Any] = [*messages]
        if "cache_control" in parts:
            said["cache_control"] = _CACHED
        else:
            given = [_without_marks(message) for message in given]
        config: dict[str, Any] = {"effort": options.effort} if "effort" in parts else {}
        if "format" in parts:
            config["format"] = {"type": "json_schema", "schema": options.schema}
        request: dict[str, Any] = {"system": [said], "messages": given}
        if tools:
            request["tools"] = [*tools]
        if config:
            request["output_config"] = config
        if "thinking" in parts:
            request["thinking"] = {"type": "adaptive"}
        return request

    def _parts(self, options: CallOptions) -> set[str]:
        """The optional parts that a request would have, as far as the facts go."""
        facts = self.facts or ModelFacts()
        parts = {"cache_control"}
        if facts.thinking:
            parts.add("thinking")
        if options.effort and (facts.efforts is None or options.effort in facts.efforts):
            parts.add("effort")
        if options.schema is not None and facts.structured_outputs is not False:
            parts.add("format")
        return parts


def json_in_words(content: Sequence[Block]) -> list[Block]:
    """An answer that was asked for in words: as one text of the JSON object in it, if there is one."""
    text = "".join(str(block["text"]) for block in content if block.get("type") == "text")
    begin, end = text.find("{"), text.rfind("}")
    if begin < 0 or end < begin:
        return [*content]
    rest = [block for block in content if block.get("type") != "text"]
    return [*rest, {"type": "text", "text": text[begin : end + 1]}]


def _without_marks(message: Mapping[str, Any]) -> dict[str, Any]:
    content = message["content"]
    if isinstance(content, str):
        return dict(message)
    blocks = [{name: value for name, value in block.items() if name != "cache_control"} for block in content]
    return {**message, "content": blocks}


def _facts_of(info: ModelInfo) -> ModelFacts:
    """Of an answer that may lack any part: the SDK does not check it."""
    facts = ModelFacts(_count(info, "max_input_tokens"), _count(info, "max_tokens"))
    capabilities = getattr(info, "capabilities", None)
    if capabilities is None:
        return facts
    thinking = getattr(getattr(capabilities, "thinking", None), "types", None)
    effort = getattr(capabilities, "effort", None)
    return replace(
        facts,
        thinking=_supported(getattr(thinking, "adaptive", None)),
        efforts=None if effort is None else _efforts(effort),
        structured_outputs=_said(getattr(capabilities, "structured_outputs", None)),
        image_input=_said(getattr(capabilities, "image_input", None)),
    )


def _efforts(effort: Any) -> frozenset[str]:
    if not _supported(effort):
        return frozenset()
    return frozenset(
        level for level in ("low", "medium", "high", "xhigh", "max") if _supported(getattr(effort, level, None))
    )


def _said(capability: Any) -> bool | None:
    supported = getattr(capability, "supported", None)
    return supported if isinstance(supported, bool) else None


def _supported(capability: Any) -> bool:
    return getattr(capability, "supported", False) is True


def _count(info: ModelInfo, name: str) -> int | None:
    count = getattr(info, name, None)
    return count if isinstance(count, int) and count > 0 else None

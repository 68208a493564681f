"""The stand-in refuses what the real Messages API refuses, each with its kind of sentence."""

import base64
import copy
import io
from collections.abc import Callable
from typing import Any

import pytest
from PIL import Image

from tests.support.messages_api.check_messages import Issued
from tests.support.messages_api.check_request import check_request
from tests.support.messages_api.models import KnownModel
from tests.support.messages_api.refusal import Refused

Body = dict[str, Any]
MODELS = {"known": KnownModel("known", max_input_tokens=20_000, max_tokens=8_000)}
EPHEMERAL = {"type": "ephemeral"}
OBJECT = {"type": "object", "properties": {}, "additionalProperties": False}


def png(width_px: int = 8, height_px: int = 8, kind: str = "PNG") -> str:
    """A picture in base64."""
    file = io.BytesIO()
    Image.new("RGB", (width_px, height_px)).save(file, kind)
    return base64.b64encode(file.getvalue()).decode()


def image(data: str, media_type: str = "image/png") -> Body:
    """An image block."""
    return {"type": "image", "source": {"type": "base64", "media_type": media_type, "data": data}}


def text(words: str, **more: Any) -> Body:
    """A text block."""
    return {"type": "text", "text": words, **more}


THOUGHT = {"type": "thinking", "thinking": "Hm.", "signature": "s1"}
ISSUED = Issued({"s1": "Hm."}, {"a": [THOUGHT]})


def valid() -> Body:
    """A request with everything in it that the API takes."""
    return {
        "model": "known",
        "max_tokens": 1000,
        "stream": True,
        "system": [text("Build.", cache_control=EPHEMERAL)],
        "tools": [{"name": "look", "description": "Look.", "input_schema": {"type": "object", "properties": {}}}],
        "thinking": {"type": "adaptive"},
        "output_config": {"effort": "high", "format": {"type": "json_schema", "schema": OBJECT}},
        "messages": [
            {"role": "user", "content": [text("A chair"), image(png())]},
            {
                "role": "assistant",
                "content": [
                    THOUGHT,
                    {"type": "tool_use", "id": "a", "name": "look", "input": {}},
                    {"type": "tool_use", "id": "b", "name": "look", "input": {}},
                ],
            },
            {
                "role": "user",
                "content": [
                    {"type": "tool_result", "tool_use_id": "b", "content": [text("seen"), image(png(9))]},
                    {"type": "tool_result", "tool_use_id": "a", "content": "no", "is_error": True},
                    text("Go on.", cache_control=EPHEMERAL),
                ],
            },
        ],
    }


def test_a_right_request_is_taken() -> None:
    assert check_request(valid(), MODELS.get, ISSUED).id == "known"


def put(*path: str | int, value: Any) -> Callable[[Body], None]:
    """A change that sets a place of the request."""

    def change(body: Body) -> None:
        place: Any = body
        for step in path[:-1]:
            place = place[step]
        place[path[-1]] = value

    return change


def drop(*path: str | int) -> Callable[[Body], None]:
    """A change that removes a place of the request."""

    def change(body: Body) -> None:
        place: Any = body
        for step in path[:-1]:
            place = place[step]
        del place[path[-1]]

    return change


def schema(value: Any) -> Callable[[Body], None]:
    """A change of the answer's schema: an object with this one property."""
    return put("output_config", "format", "schema", value={**OBJECT, "properties": {"x": value}})


def add(*path: str | int, value: Any) -> Callable[[Body], None]:
    """A change that appends to a list of the request."""

    def change(body: Body) -> None:
        place: Any = body
        for step in path:
            place = place[step]
        place.append(value)

    return change


USE = {"type": "tool_use", "id": "c", "name": "look", "input": {}}
RESULTS = ("messages", 2, "content")
SOURCE = ("messages", 0, "content", 1, "source")
MARKED = text("x", cache_control=EPHEMERAL)

REFUSALS: list[tuple[str, Callable[[Body], None], int, str]] = [
    # The request itself.
    ("unknown-field", put("temperature", value=1.0), 400, "temperature: Extra inputs are not permitted"),
    ("no-model", drop("model"), 400, "model: Field required"),
    ("unknown-model", put("model", value="claude-9"), 404, "model: claude-9"),
    ("no-max-tokens", drop("max_tokens"), 400, "max_tokens: Field required"),
    ("max-tokens-zero", put("max_tokens", value=0), 400, "greater than or equal to 1"),
    ("max-tokens-not-a-number", put("max_tokens", value="9"), 400, "should be a valid integer"),
    ("max-tokens-too-many", put("max_tokens", value=8001), 400, "max_tokens: 8001 > 8000, which is the maximum"),
    ("stream-not-a-bool", put("stream", value="yes"), 400, "should be a valid boolean"),
    ("blank-stop-sequence", put("stop_sequences", value=[" "]), 400, "must contain non-whitespace"),
    ("too-long", put("system", value="x" * 80_000), 400, "prompt is too long: "),
    # The system prompt.
    ("system-empty", put("system", 0, value=text("")), 400, "system: text content blocks must be non-empty"),
    ("system-empty-marked", put("system", 0, "text", value=""), 400, "cache_control cannot be set for empty text"),
    ("system-image", put("system", 0, value=image(png())), 400, "system.0.text: Field required"),
    # Tools.
    ("tool-name", put("tools", 0, "name", value="a tool"), 400, "should match pattern"),
    ("tool-twice", add("tools", value={"name": "look", "input_schema": {"type": "object"}}), 400, "must be unique"),
    ("tool-no-schema", drop("tools", 0, "input_schema"), 400, "tools.0.custom.input_schema: Field required"),
    ("tool-schema-type", put("tools", 0, "input_schema", value={}), 400, "input_schema.type: Field required"),
    ("tool-schema-array", put("tools", 0, "input_schema", "type", value="array"), 400, "Input should be 'object'"),
    ("tool-any-of", put("tools", 0, "input_schema", "anyOf", value=[]), 400, "does not support oneOf, allOf, or anyOf"),
    ("tool-unknown-field", put("tools", 0, "title", value="x"), 400, "tools.0.custom.title: Extra inputs"),
    ("tool-strict-open", put("tools", 0, "strict", value=True), 400, "must be explicitly set to false"),
    ("no-tools", drop("tools"), 400, "must define tools"),
    ("tool-choice-type", put("tool_choice", value={"type": "some"}), 400, "tool_choice.type: Input should be"),
    ("tool-choice-name", put("tool_choice", value={"type": "tool", "name": "x"}), 400, "not found in provided tools"),
    ("tool-choice-forced", put("tool_choice", value={"type": "any"}), 400, "Thinking may not be enabled"),
    # Settings.
    ("effort", put("output_config", "effort", value="huge"), 400, "output_config.effort: Input should be 'low'"),
    ("output-config-field", put("output_config", "style", value=1), 400, "output_config.style: Extra inputs"),
    ("format-type", put("output_config", "format", "type", value="json"), 400, "Input should be 'json_schema'"),
    ("open-object", schema({"type": "object", "properties": {}}), 400, "must be explicitly set to false"),
    ("minimum", schema({"type": "integer", "minimum": 1}), 400, "property 'minimum' is not supported"),
    ("max-length", schema({"type": "string", "maxLength": 9}), 400, "property 'maxLength' is not supported"),
    ("max-items", schema({"type": "array", "items": OBJECT, "maxItems": 2}), 400, "'maxItems' is not supported"),
    ("min-items", schema({"type": "array", "items": OBJECT, "minItems": 2}), 400, "other than 0 or 1"),
    ("one-of", schema({"oneOf": [], "type": "string"}), 400, "'oneOf' is not supported"),
    ("untyped", schema({"description": "x"}), 400, "Schema type is missing"),
    ("nested-open", schema({"type": "array", "items": {"type": "object"}}), 400, "x.items: For 'object' type"),
    ("thinking-type", put("thinking", "type", value="deep"), 400, "thinking.type: Input should be"),
    ("thinking-enabled", put("thinking", value={"type": "enabled", "budget_tokens": 2000}), 400, "not supported for"),
    ("thinking-budget", put("thinking", "budget_tokens", value=2000), 400, "budget_tokens: Extra inputs"),
    # Cache marks.
    ("mark-type", put("system", 0, "cache_control", value={"type": "forever"}), 400, "Input should be 'ephemeral'"),
    ("mark-ttl", put("system", 0, "cache_control", value={**EPHEMERAL, "ttl": "1d"}), 400, "Input should be '5m'"),
    ("five-marks", put("messages", 0, "content", value=[MARKED] * 3), 400, "A maximum of 4 blocks with cache_control"),
    ("mark-on-thinking", put("messages", 1, "content", 0, "cache_control", value=EPHEMERAL), 400, "Extra inputs"),
    # Roles and content.
    ("no-messages", put("messages", value=[]), 400, "at least one message is required"),
    ("first-role", drop("messages", 0), 400, 'first message must use the "user" role'),
    ("same-roles", add("messages", value={"role": "user", "content": "x"}), 400, 'multiple "user" roles in a row'),
    ("role", put("messages", 0, "role", value="tool"), 400, "messages.0.role: Input should be"),
    ("message-field", put("messages", 0, "name", value="x"), 400, "messages.0.name: Extra inputs"),
    ("no-content", put("messages", 0, "content", value=[]), 400, "must have non-empty content"),
    ("prefill", add("messages", value={"role": "assistant", "content": "So"}), 400, "does not support assistant"),
    ("text-empty", put("messages", 0, "content", 0, "text", value=""), 400, "text content blocks must be non-empty"),
    ("text-blank", put("messages", 0, "content", 0, "text", value=" \n"), 400, "must contain non-whitespace text"),
    ("block-type", put("messages", 0, "content", 0, "type", value="poem"), 400, "Input tag 'poem'"),
    ("block-field", put("messages", 0, "content", 0, "title", value="x"), 400, "text.title: Extra inputs"),
    ("null-field", put("messages", 1, "content", 1, "toolset", value=None), 400, "tool_use.toolset: Extra inputs"),
    ("use-by-user", add("messages", 0, "content", value=USE), 400, "can not be in `user` content"),
    ("result-by-model", put("messages", 1, "content", 1, value={**USE, "type": "text"}), 400, "text.text: Field"),
    # Tool calls and their answers.
    ("unanswered", drop(*RESULTS, 1), 400, "messages.1: `tool_use` ids were found without `tool_result` blocks"),
    ("answered-late", lambda b: b["messages"][2]["content"].insert(0, text("First.")), 400, "immediately after: "),
    ("answered-twice", put(*RESULTS, 1, "tool_use_id", value="b"), 400, "each tool_use must have a single result"),
    ("answered-unasked", put(*RESULTS, 1, "tool_use_id", value="z"), 400, "unexpected `tool_use_id` found"),
    ("same-id", put("messages", 1, "content", 2, "id", value="a"), 400, "messages.1.content.2: `tool_use` ids must be"),
    ("id-pattern", put("messages", 1, "content", 1, "id", value="a b"), 400, "tool_use.id: String should match"),
    ("call-name", put("messages", 1, "content", 1, "name", value="a b"), 400, "tool_use.name: String should match"),
    (
        "input-list",
        put("messages", 1, "content", 1, "input", value=[1]),
        400,
        "tool_use.input: Input should be a valid",
    ),
    ("error-with-image", put(*RESULTS, 0, "is_error", value=True), 400, "all content must be type `text`"),
    ("result-in-result", put(*RESULTS, 0, "content", value=[{**USE}]), 400, "can not be in `tool_result` content"),
    ("result-blank", put(*RESULTS, 0, "content", value=[text("")]), 400, "text content blocks must be non-empty"),
    # Pictures.
    ("image-url", put(*SOURCE, value={"type": "url", "url": "x"}), 400, "Unable to download the file"),
    ("image-type", put(*SOURCE, "media_type", value="image/heic"), 400, "source.media_type: Input should be"),
    ("image-other-type", put(*SOURCE, "data", value=png(kind="JPEG")), 400, "appears to be a image/jpeg image"),
    ("image-broken", put(*SOURCE, "data", value="AAAA"), 400, "Could not process image"),
    ("image-not-base64", put(*SOURCE, "data", value="%"), 400, "Could not process image"),
    ("image-too-wide", put(*SOURCE, "data", value=png(8001, 1)), 400, "max allowed size: 8000 pixels"),
    ("image-many", put("messages", 0, "content", value=[image(png())] * 100), 400, "101 images > 100"),
    (
        "image-wide-of-many",
        put("messages", 0, "content", value=[image(png(2001, 1))] * 20),
        400,
        "many-image requests: 2000 pixels",
    ),
    # Thinking.
    ("signature", put("messages", 1, "content", 0, "signature", value="forged"), 400, "Invalid `signature`"),
    ("thinking-changed", put("messages", 1, "content", 0, "thinking", value="Ha."), 400, "cannot be modified"),
    ("thinking-last", put("messages", 1, "content", value=[THOUGHT]), 400, "final block in an assistant message"),
    ("thinking-dropped", drop("messages", 1, "content", 0), 400, "cannot be modified"),
]


@pytest.mark.parametrize(("change", "status", "sentence"), [r[1:] for r in REFUSALS], ids=[r[0] for r in REFUSALS])
def test_bad_request_is_refused(change: Callable[[Body], None], status: int, sentence: str) -> None:
    body = copy.deepcopy(valid())
    change(body)
    with pytest.raises(Refused) as refused:
        check_request(body, MODELS.get, ISSUED)
    assert sentence in str(refused.value)
    assert refused.value.status == status


def test_picture_over_five_megabytes_is_refused() -> None:
    file = io.BytesIO()
    Image.effect_noise((1700, 1700), 90).convert("RGB").save(file, "PNG", compress_level=0)
    body = valid()
    put(*SOURCE, "data", value=base64.b64encode(file.getvalue()).decode())(body)
    with pytest.raises(Refused, match="image exceeds 5 MB maximum"):
        check_request(body, MODELS.get, ISSUED)


def test_paused_turn_may_go_on_by_itself() -> None:
    turn = [text("I pause.")]
    body = {"model": "known", "max_tokens": 9, "messages": [{"role": "user", "content": "x"}]}
    body["messages"].append({"role": "assistant", "content": turn})
    with pytest.raises(Refused, match="prefill"):
        check_request(body, MODELS.get, Issued())
    assert check_request(body, MODELS.get, Issued(paused=[turn]))

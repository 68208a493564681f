"""Checks a JSON schema that an answer or a strict tool's input must keep to: the API takes a part of JSON Schema."""

from typing import Any

from tests.support.messages_api.refusal import Refused

_TYPES = {"object", "array", "string", "integer", "number", "boolean", "null"}
_UNSUPPORTED = {
    "number": ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
    "string": ("minLength", "maxLength"),
    "array": ("maxItems", "uniqueItems", "contains", "prefixItems"),
    "object": ("minProperties", "maxProperties", "patternProperties", "propertyNames"),
}
_NOWHERE = ("oneOf", "not", "if", "then", "else", "dependentSchemas", "unevaluatedProperties")
_FORMATS = {"date-time", "time", "date", "duration", "email", "hostname", "uri", "ipv4", "ipv6", "uuid"}


def check_schema(where: str, schema: Any) -> None:
    """The schema is one that answers and strict inputs can be held to. Raises: Refused."""
    if not isinstance(schema, dict):
        raise Refused(f"{where}: Input should be a valid dictionary")
    kind = schema.get("type")
    if kind is None and not any(word in schema for word in ("anyOf", "allOf", "$ref", "enum", "const")):
        raise Refused(f"{where}: Schema type is missing")
    kinds = kind if isinstance(kind, list) else [kind] if kind else []
    for name in kinds:
        if name not in _TYPES:
            raise Refused(f"{where}: Invalid schema type '{name}'")
    _check_words(where, schema)
    if "object" in kinds and schema.get("additionalProperties") is not False:
        raise Refused(f"{where}: For 'object' type, 'additionalProperties' must be explicitly set to false")
    _check_parts(where, schema)


def _check_words(where: str, schema: dict[str, Any]) -> None:
    for word in _NOWHERE:
        if word in schema:
            raise Refused(f"{where}: '{word}' is not supported")
    for family, words in _UNSUPPORTED.items():
        for word in words:
            if word in schema:
                raise Refused(f"{where}: For '{family}' type, property '{word}' is not supported")
    if schema.get("minItems", 0) not in (0, 1):
        raise Refused(f"{where}: For 'array' type, 'minItems' values other than 0 or 1 are not supported")
    if "format" in schema and schema["format"] not in _FORMATS:
        raise Refused(f"{where}: For 'string' type, format '{schema['format']}' is not supported")


def _check_parts(where: str, schema: dict[str, Any]) -> None:
    properties = schema.get("properties", {})
    for name in schema.get("required", []):
        if name not in properties:
            raise Refused(f"{where}: required property '{name}' is not defined in 'properties'")
    for name, part in properties.items():
        check_schema(f"{where}.properties.{name}", part)
    for name, part in {**schema.get("$defs", {}), **schema.get("definitions", {})}.items():
        check_schema(f"{where}.$defs.{name}", part)
    for word in ("anyOf", "allOf"):
        for index, part in enumerate(schema.get(word, [])):
            check_schema(f"{where}.{word}.{index}", part)
    if "items" in schema:
        check_schema(f"{where}.items", schema["items"])
    ref = schema.get("$ref")
    if ref is not None and not str(ref).startswith("#/"):
        raise Refused(f"{where}: external '$ref' is not supported")

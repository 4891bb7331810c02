"""Output schemas in the narrower JSON Schema that strict decoding takes."""

from __future__ import annotations

from typing import Any

from agentkit.messages import JSON, canonical


def with_schema(system: str, schema: JSON) -> str:
    """A system text that asks for a schema in words, where an endpoint cannot be bound to it."""
    wish = f"Answer with JSON only, that fits this JSON Schema: {canonical(schema)}"
    return f"{system}\n\n{wish}".strip()


STRICT = {
    *("type", "properties", "required", "items", "enum", "const", "anyOf", "$ref", "$defs"),
    *("title", "description", "additionalProperties", "pattern", "format", "multipleOf"),
    *("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "minItems", "maxItems"),
}
"""Keywords of strict mode (OpenAI, Structured Outputs, "Supported schemas")."""


FORMATS = {
    *("date-time", "time", "date", "duration", "email"),
    *("hostname", "uri", "ipv4", "ipv6", "uuid"),
}
ANNOTATIONS = {"title", "description"}


def strict(schema: JSON) -> dict[str, Any] | None:
    """A strict schema whose every instance fits the one given, or None if there is none.

    Closing an object whose properties are all required only narrows it. An object with
    optional or free properties would change its meaning, so it has no strict form.
    """
    closed = narrow(rooted(schema))
    return closed if closed is not None and closed.get("type") == "object" else None


def rooted(schema: JSON) -> JSON:
    """A schema that is an object itself, where its root refers to one; roots may not refer."""
    target = schema.get("$ref", "") if isinstance(schema, dict) else ""
    found = schema.get("$defs", {}).get(target.removeprefix("#/$defs/")) if target else None
    if not isinstance(found, dict):
        return schema
    return {**found, **{name: part for name, part in schema.items() if name != "$ref"}}


def alone(schema: dict[str, Any]) -> dict[str, Any]:
    """A schema in which nothing stands next to a reference; a choice of one means the same."""
    rest = {name: part for name, part in schema.items() if name != "$ref"}
    if "$ref" not in schema or not rest.keys() - {"$defs"}:
        return schema
    return {**rest, "anyOf": [{"$ref": schema["$ref"]}]}


def narrow(schema: JSON) -> dict[str, Any] | None:
    """One level of strict."""
    if not isinstance(schema, dict) or not schema or not schema.keys() <= STRICT:
        return None
    if schema.get("format", "uuid") not in FORMATS - {"uri"}:
        return None
    if "(?" in str(schema.get("pattern", "")):
        # No lookaround there.
        return None
    if "$ref" in schema and schema.keys() - ANNOTATIONS - {"$ref", "$defs"}:
        # Both would bind the value, which no choice says.
        return None
    result = dict(schema := alone(schema))
    if schema.get("type") == "object" or "properties" in schema:
        properties = schema.get("properties")
        if not isinstance(properties, dict) or schema.get("additionalProperties", False):
            return None
        if set(schema.get("required", ())) != set(properties):
            return None
        result["additionalProperties"] = False
    for name in ("properties", "$defs"):
        if name in schema:
            inner = {key: narrow(value) for key, value in schema[name].items()}
            if None in inner.values():
                return None
            result[name] = inner
    if "anyOf" in schema:
        choices = [narrow(value) for value in schema["anyOf"]]
        if None in choices:
            return None
        result["anyOf"] = choices
    if "items" in schema:
        result["items"] = narrow(schema["items"])
        if result["items"] is None:
            return None
    return result


DESCRIBED = {"type", "properties", "required", "items", "enum", "const", "anyOf", "allOf", "oneOf"}


def closed(schema: JSON) -> dict[str, Any] | None:
    """A schema as Anthropic's structured outputs take it, or None if it has no such form.

    Objects are closed; bounds that the endpoint does not enforce become part of the
    description, where the model may read them. Source: the transform of the official client.
    """
    if not isinstance(schema, dict):
        return None
    result: dict[str, Any] = {}
    rest = {name: value for name, value in schema.items() if name not in ("$defs", "title")}
    if "$defs" in schema:
        result["$defs"] = {name: closed(value) for name, value in schema["$defs"].items()}
        if None in result["$defs"].values():
            return None
    if "$ref" in rest:
        told, link = rest.get("description"), {"$ref": rest["$ref"]}
        return {**result, **({"description": told, "anyOf": [link]} if told else link)}
    if not DESCRIBED & rest.keys():
        return None
    for name, kept in (("anyOf", "anyOf"), ("oneOf", "anyOf"), ("allOf", "allOf")):
        if name in rest:
            result[kept] = [closed(value) for value in rest.pop(name)]
            if None in result[kept]:
                return None
    for name in ("type", "enum", "const", "description"):
        if name in rest:
            result[name] = rest.pop(name)
    if (result.get("type") == "object" or "properties" in rest) and not closed_object(rest, result):
        return None
    if "items" in rest:
        result["items"] = closed(rest.pop("items"))
        if result["items"] is None:
            return None
    if rest.get("format") in FORMATS:
        result["format"] = rest.pop("format")
    if rest.get("minItems") in (0, 1):
        result["minItems"] = rest.pop("minItems")
    if rest:
        bounds = "{" + ", ".join(f"{name}: {value}" for name, value in rest.items()) + "}"
        result["description"] = f"{result.get('description', '')}\n\n{bounds}".strip()
    return result


def closed_object(rest: dict[str, JSON], result: dict[str, Any]) -> bool:
    """Move what makes an object to the closed schema, and return whether it has such a form."""
    if "properties" not in rest or rest.pop("additionalProperties", False):
        return False
    inner = {name: closed(value) for name, value in rest.pop("properties").items()}
    result.update(type="object", properties=inner, additionalProperties=False)
    result["required"] = rest.pop("required", [])
    return None not in inner.values()

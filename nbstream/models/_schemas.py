"""JSON schemas as those want them who hold an answer to one."""

from __future__ import annotations

from typing import Any

__all__ = ["closed", "requires_all"]


def closed(schema: Any) -> Any:
    """Return a schema whose objects have no other fields than those that it names.

    Examples
    --------
    >>> closed({"type": "object", "properties": {"a": {"type": "integer"}}})["additionalProperties"]
    False
    """
    if isinstance(schema, list):
        return [closed(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    done = {name: closed(value) for name, value in schema.items()}
    if isinstance(schema.get("properties"), dict) and "type" in schema:
        done.setdefault("additionalProperties", False)
    return done


def requires_all(schema: Any) -> bool:
    """Tell whether every object of a schema has all its fields, and no others: the strict mode.

    Examples
    --------
    >>> fields = {"a": {"type": "integer"}}
    >>> requires_all({"type": "object", "properties": fields, "required": ["a"]})
    True
    >>> requires_all({"type": "object", "properties": fields})
    False
    """
    if isinstance(schema, list):
        return all(map(requires_all, schema))
    if not isinstance(schema, dict):
        return True
    if schema.get("type") == "object":
        fields = schema.get("properties")
        if not isinstance(fields, dict) or schema.get("additionalProperties"):
            return False
        if {*fields} - {*schema.get("required", ())}:
            return False
    return all(map(requires_all, schema.values()))

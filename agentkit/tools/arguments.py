"""Arguments as a model wrote them: read as JSON, and checked by the types of a function."""

from __future__ import annotations

import contextlib
import functools
import json
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from agentkit.errors import full_text
from agentkit.exact import NoNumber, exactly
from agentkit.messages import JSON, canonical, jsonable, mended
from agentkit.model import ToolSpec
from agentkit.signatures import Signature
from agentkit.tools.protocol import Arguments, BadArguments
from agentkit.tools.shown import NOTHING, ShownArguments, json_name


def read(spec: ToolSpec, arguments: str) -> tuple[dict[str, JSON], str]:
    """The arguments as they were written, and as canonical JSON.

    Raises:
        BadArguments: they are no JSON object.
    """
    try:
        raw = mended(json.loads(arguments or "{}"))
        # Some servers write null for no arguments.
        raw = {} if raw is None else raw
        asked = canonical(raw)
    except (ValueError, RecursionError) as error:
        raise BadArguments(f"The arguments of {spec.name} are not JSON: {error}.") from error
    if not isinstance(raw, dict):
        raise BadArguments(
            f"The arguments of {spec.name} are no dictionary but {type(raw).__name__}."
            f" It takes {spec.signature}."
        )
    return raw, asked


def arguments_misfit(spec: ToolSpec, wrong: str) -> BadArguments:
    """The error of arguments that do not fit."""
    return BadArguments(
        f"The arguments of {spec.name} are not accepted: {wrong}. It takes {spec.signature}."
    )


class Checker:
    """Checks arguments by the types of a function."""

    def __init__(self, spec: ToolSpec, signed: Signature) -> None:
        self.spec, self.signed = spec, signed
        self.secret = '"writeOnly":true' in canonical(spec.parameters)

    def check(self, arguments: str) -> Arguments:
        """The arguments, validated: once, because what validates may have effects.

        Raises:
            BadArguments: not a JSON object, or not what the signature says.
        """
        raw, asked = read(self.spec, arguments)
        checked = self._validated(asked)
        given = checked.model_fields_set | self.signed.always
        objects = {
            name: getattr(checked, place)
            for place, name in self.signed.places.items()
            if place in given
        }
        shown = self._shown(checked, raw)
        whole = functools.partial(self._whole, checked, shown)
        return Arguments(shown, objects=objects, asked=asked, defaults=self.defaults, whole=whole)

    def _validated(self, asked: str) -> BaseModel:
        try:
            checked = exactly(self.signed.model.model_validate_json, asked)
            for place, value in vars(checked).items():
                # Of an Iterable; to show it would use it up.
                if isinstance(value, Iterator):
                    vars(checked)[place] = list(value)
        except ValidationError as error:
            wrong = "; ".join(
                f"{'.'.join(map(str, e['loc'])) or 'arguments'}: {e['msg']}" for e in error.errors()
            )
            raise arguments_misfit(self.spec, wrong) from error
        except NoNumber as error:
            raise arguments_misfit(self.spec, str(error)) from error
        except Exception as error:
            raise arguments_misfit(self.spec, full_text(error)) from error
        return checked

    @functools.cached_property
    def defaults(self) -> dict[str, JSON]:
        """The default of each parameter, by its name in JSON; without those that are made anew."""
        found = {}
        for name, one in self.signed.model.model_fields.items():
            if not one.is_required() and one.default_factory is None:
                with contextlib.suppress(Exception):  # It has no JSON form.
                    found[one.serialization_alias or one.alias or name] = jsonable(one.default)
        return found

    def _shown(self, checked: BaseModel, raw: dict[str, JSON]) -> dict[str, JSON]:
        """The arguments as JSON, secrets hidden; as they were written where there is no other."""
        try:
            dumped = checked.model_dump(
                mode="json", by_alias=True, exclude_unset=True, round_trip=True, warnings=False
            )
        except Exception as error:
            if not self.secret:
                return raw
            dumped = dict.fromkeys(raw, f"(it has no JSON form: {type(error).__name__})")
        return {name: mended(value) for name, value in dumped.items()}

    def _whole(self, checked: BaseModel, shown: dict[str, JSON]) -> tuple[dict[str, JSON], bool]:
        """All that the function gets, in order, and whether the log shows the same of it."""
        reader, found = ShownArguments(), {}
        for place, field in self.signed.model.model_fields.items():
            name, value = json_name(field, place), getattr(checked, place)
            if place in checked.model_fields_set:
                reader.honest &= name in shown
                found[name] = reader.read(value, shown.get(name, NOTHING))
            elif place in self.signed.always or "default" in self._told(field, place):
                found[name] = reader.read(value)
        return found, reader.honest

    def _told(self, field: FieldInfo, place: str) -> dict[str, Any]:
        """What a model is told of a parameter."""
        alias = field.validation_alias
        name = alias if isinstance(alias, str) else json_name(field, place)
        told = self.spec.properties.get(name)
        return told if isinstance(told, dict) else {}

"""Schemas: what the fields of a frame are. Declare one as a class::

    class Pose(streamlib.Schema):
        label: streamlib.String
        score: streamlib.Float32
        points: streamlib.Array[streamlib.Float32]
        side: streamlib.Enum["left", "right"]
        note: streamlib.Optional[streamlib.String]

Instances are dicts, with the fields as attributes too.
"""

from __future__ import annotations

import inspect
import json
from types import UnionType
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Union, get_args, get_origin

from streamlib._native import BridgeError, SharedBuffer, Texture, normalize_schema

__all__ = [
    "Array",
    "Bool",
    "Buffer",
    "Bytes",
    "Enum",
    "FieldType",
    "Float32",
    "Float64",
    "Int32",
    "Int64",
    "Optional",
    "Schema",
    "SchemaError",
    "String",
    "Struct",
    "TextureField",
    "UInt32",
    "UInt64",
    "field_type",
]

_CLASS_VAR: Any = ClassVar


class SchemaError(TypeError):
    """A schema is not valid; the message names the class and the field."""


class FieldType:
    """A type of a schema's field.

    Attributes:
        json: Its form on the wire, such as ``"Int32"`` or ``{"Array": "Float32"}``.
    """

    __slots__ = ("json",)

    def __init__(self, form: Any) -> None:
        self.json = form

    def __repr__(self) -> str:
        return f"FieldType({json.dumps(self.json)})"


#: A whole number from -2**31 to 2**31 - 1; an int in frames.
Int32 = Annotated[int, FieldType("Int32")]
#: A whole number from -2**63 to 2**63 - 1; an int in frames.
Int64 = Annotated[int, FieldType("Int64")]
#: A whole number from 0 to 2**32 - 1; an int in frames.
UInt32 = Annotated[int, FieldType("UInt32")]
#: A whole number from 0 to 2**64 - 1; an int in frames.
UInt64 = Annotated[int, FieldType("UInt64")]
#: A floating-point number of 32 bits; a float in frames, rounded when it is sent.
Float32 = Annotated[float, FieldType("Float32")]
#: A floating-point number of 64 bits; a float in frames.
Float64 = Annotated[float, FieldType("Float64")]
#: True or False; numbers are refused.
Bool = Annotated[bool, FieldType("Bool")]
#: Text; a str in frames, UTF-8 on the wire.
String = Annotated[str, FieldType("String")]
#: Bytes that are copied with the message; for large ones use `Buffer`.
Bytes = Annotated[bytes, FieldType("Bytes")]
#: A picture in shared memory: a numpy array of dtype uint8 or a `Texture` when it is sent, a `Texture` when it is received.
#: (The class `streamlib.Texture` itself may be written as well.)
TextureField = Annotated[Texture, FieldType("Texture")]
#: Bytes in shared memory: a numpy array, bytes or a `SharedBuffer` when sent, a `SharedBuffer` when received.
Buffer = Annotated[SharedBuffer, FieldType("Buffer")]

if TYPE_CHECKING:
    from typing import Literal as Enum
    from typing import Optional as Optional
    from typing import Union as Struct

    Array = list
else:

    class Array:
        """``Array[T]``: values of one type; a list in frames."""

        def __class_getitem__(cls, item: Any) -> FieldType:
            return FieldType({"Array": field_type(item)})

    class Optional:
        """``Optional[T]``: a value or None."""

        def __class_getitem__(cls, item: Any) -> FieldType:
            return FieldType({"Optional": field_type(item)})

    class Enum:
        """``Enum["a", "b"]``: one of these names; a str in frames."""

        def __class_getitem__(cls, names: Any) -> FieldType:
            return FieldType({"Enum": list(names) if isinstance(names, tuple) else [names]})

    class Struct:
        """``Struct[OtherSchema]``: the fields of another schema; a dict in frames. The class alone means the same."""

        def __class_getitem__(cls, item: Any) -> FieldType:
            return FieldType(field_type(item))


def field_type(annotation: Any) -> Any:
    """The wire form of what stands behind a field's name."""
    if isinstance(annotation, FieldType):
        return annotation.json
    if get_origin(annotation) is Annotated:
        for extra in get_args(annotation)[1:]:
            if isinstance(extra, FieldType):
                return extra.json
    # Python's own ways to say the same are understood as well.
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return {"Enum": list(arguments)}
    if origin is list and len(arguments) == 1:
        return {"Array": field_type(arguments[0])}
    if origin in (Union, UnionType) and len(arguments) == 2 and arguments[1] is type(None):
        return {"Optional": field_type(arguments[0])}
    if isinstance(annotation, type):
        if annotation is Texture:
            return "Texture"
        if annotation is SharedBuffer:
            return "Buffer"
        if issubclass(annotation, Schema):
            return {"Struct": annotation.schema()["fields"]}
    raise SchemaError(
        f"{annotation!r} is not a field type; use streamlib.Int32, Int64, UInt32, UInt64, Float32, Float64, Bool, String, "
        "Bytes, Texture, Buffer, Array[T], Optional[T], Enum[...], or another Schema class"
    )


class Schema(dict[str, Any]):
    """Base of all schemas. A subclass's annotations are its fields, in their order.

    An instance is a frame: a dict whose fields can be read as attributes too.

    Attributes:
        schema_name: The name on the wire; the class's own name unless the class sets it.
    """

    schema_name: ClassVar[str] = "Schema"
    _json: ClassVar[dict[str, Any] | None] = None
    _reading: ClassVar[bool] = False

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "schema_name" not in cls.__dict__:
            cls.schema_name = cls.__name__
        cls._json = None
        cls._reading = False

    @classmethod
    def schema(cls) -> dict[str, Any]:
        """The schema as JSON data, checked.

        Returns:
            ``{"name": …, "fields": [{"name": …, "type": …}, …]}``.

        Raises:
            SchemaError: an annotation is not a field type, or the schema contains itself.
        """
        if cls._json is None:
            if cls._reading:
                raise SchemaError(f"{cls.__name__} contains itself; a frame must have an end")
            cls._reading = True
            try:
                fields = cls._fields()
            finally:
                cls._reading = False
            form = {"name": cls.schema_name, "fields": fields}
            try:
                normalize_schema(json.dumps(form))
            except BridgeError as error:
                raise SchemaError(f"{cls.__name__}: {error}") from None
            cls._json = form
        return cls._json

    @classmethod
    def _fields(cls) -> list[dict[str, Any]]:
        fields = []
        for name, annotation in _annotations(cls).items():
            try:
                fields.append({"name": name, "type": field_type(annotation)})
            except SchemaError as error:
                raise SchemaError(f"{cls.__name__}.{name}: {error}") from None
        return fields

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(f"{type(self).__name__} has no field {name!r}") from None

    def __repr__(self) -> str:
        return f"{type(self).__name__}({super().__repr__()})"


def _annotations(cls: type[Schema]) -> dict[str, Any]:
    """Annotations of the class and its bases, evaluated also where they are strings."""
    found: dict[str, Any] = {}
    for base in reversed(cls.__mro__):
        if base is not Schema and isinstance(base, type) and issubclass(base, Schema):
            try:
                own = inspect.get_annotations(base, eval_str=True)
            except SchemaError as error:
                raise SchemaError(f"{base.__name__}: {error}") from None
            except Exception as error:
                raise SchemaError(
                    f"{base.__name__}: an annotation cannot be read: {type(error).__name__}: {error}"
                ) from None
            found |= {k: v for k, v in own.items() if v is not _CLASS_VAR and get_origin(v) is not _CLASS_VAR}
    return found

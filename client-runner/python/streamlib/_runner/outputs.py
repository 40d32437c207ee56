"""Outputs: values into shared memory, and the window that keeps them from running ahead of their readers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar, cast

from streamlib._memory import numpy_module, shape_format, to_buffer, to_texture
from streamlib._native import Connection, FramePool, SharedBuffer, Texture, monotonic_ns
from streamlib._runner.run_state import RunState
from streamlib.processor import ProcessorError
from streamlib.schema import Schema

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from streamlib._runner.inputs import InputPort

M = TypeVar("M")

#: Waits for the host to take something: an acknowledgement or memory that came back. False: the channel is over.
Pump = Callable[[float], bool]

#: Memory that comes back is not told by an event of its own, so a wait for it looks again this often (seconds).
_LOOK_AGAIN = 0.005


class OutputPort:
    """One output."""

    def __init__(
        self,
        name: str,
        index: int,
        schema: type[Schema],
        connection: Connection,
        settings: Mapping[str, Any],
        state: RunState,
        inputs: Sequence[InputPort],
        pump: Pump,
    ) -> None:
        self.name = name
        self.dropped = 0
        self.sent = 0
        self._index = index
        self._schema = schema
        self._connection = connection
        self._window = int(settings.get("window", 8))
        self._blocking = bool(settings.get("blocking", False))
        self._state = state
        self._inputs = inputs
        self._pump = pump
        self._pool = FramePool()
        self._next_id = 0
        self._acked = -1
        fields = schema.schema()["fields"]
        self._textures = [f["name"] for f in fields if f["type"] == "Texture"]
        self._buffers = [f["name"] for f in fields if f["type"] == "Buffer"]
        types = {f["name"]: f["type"] for f in fields}
        self._timed = types.get("timestamp_ns") == "Int64"
        self._numbered = types.get("frame_number") == "UInt64"

    def acked(self, frame_id: int) -> None:
        self._acked = max(self._acked, frame_id)

    def send(self, frame: Mapping[str, Any]) -> bool:
        self._state.check()
        value = dict(frame)
        if not self._has_room() or not self._to_memory(value):
            return self._drop()
        self._complete(value)
        while not self._connection.send_frame(self._index, self._next_id, value):
            if not self._may_wait():
                return self._drop()
        self._next_id += 1
        self.sent += 1
        return True

    def loan(self, shape: tuple[int, ...] | int, dtype: Any, field: str | None) -> NDArray[Any]:
        self._state.check()
        np = numpy_module()
        dtype = np.dtype(np.uint8 if dtype is None else dtype)
        shape = (shape,) if isinstance(shape, int) else tuple(shape)
        held = self._loan(shape, dtype, self._loan_field(field))
        if held is None:
            # Every slot is with a reader. The user's code goes on with memory of its own, and `set` decides what becomes of it.
            array = np.empty(shape, dtype)
        else:
            array = np.asarray(held) if isinstance(held, Texture) else np.frombuffer(held, dtype).reshape(shape)
        return cast("NDArray[Any]", array)

    def close(self) -> None:
        self._pool.close()

    def _loan_field(self, field: str | None) -> str:
        choices: list[str] = self._textures + self._buffers
        if field is None and len(choices) == 1:
            return choices[0]
        if field is not None and field in choices:
            return field
        raise ProcessorError(
            f'output "{self.name}" has no field {field!r} in shared memory; it has {", ".join(choices) or "none"}'
            if field is not None
            else f'output "{self.name}" has {len(choices)} fields in shared memory; name one with field='
        )

    def _loan(self, shape: tuple[int, ...], dtype: Any, field: str) -> Texture | SharedBuffer | None:
        if field in self._textures:
            if dtype != numpy_module().uint8:
                raise TypeError(f"pixels must have dtype uint8, not {dtype}")
            width, height, pixel_format = shape_format(shape)
            return self._acquire(lambda: self._pool.texture(width, height, pixel_format))
        size = int(dtype.itemsize)
        for n in shape:
            size *= n
        return self._acquire(lambda: self._pool.buffer(size))

    def _has_room(self) -> bool:
        while self._next_id - self._acked > self._window:
            if not self._may_wait():
                return False
        return True

    def _to_memory(self, value: dict[str, Any]) -> bool:
        for names, native, convert in ((self._textures, Texture, to_texture), (self._buffers, SharedBuffer, to_buffer)):
            for name in names:
                content = value.get(name)
                if content is None or isinstance(content, native):
                    continue
                try:
                    held = self._acquire(lambda c=content, f=convert: f(c, self._pool))  # type: ignore[misc]
                except (TypeError, ValueError) as error:
                    raise type(error)(f'output "{self.name}", field "{name}": {error}') from None
                if held is None:
                    return False
                value[name] = held
        return True

    def _acquire(self, get: Callable[[], M | None]) -> M | None:
        while True:
            held = get()
            if held is not None or not self._may_wait():
                return held

    def _may_wait(self) -> bool:
        """Waits for the reader, if this output waits for it at all."""
        if not self._blocking or self._state.stopping:
            return False
        return self._pump(_LOOK_AGAIN)

    def _complete(self, value: dict[str, Any]) -> None:
        """Time and number of the frame that is being processed, where the user's code gave none."""
        if self._timed and value.get("timestamp_ns") is None:
            times = [port.timestamp_ns for port in self._inputs if port.timestamp_ns is not None]
            value["timestamp_ns"] = times[0] if times else monotonic_ns()
        if self._numbered and value.get("frame_number") is None:
            numbers = [port.frame_number for port in self._inputs if port.frame_number is not None]
            value["frame_number"] = numbers[0] if numbers else self._next_id

    def _drop(self) -> bool:
        self._state.check()
        self.dropped += 1
        self._connection.set_dropped(self.name, self.dropped)
        return False

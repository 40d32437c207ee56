"""What a processor's hooks are given: its ports, configuration, log and clock."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from streamlib._native import monotonic_ns
from streamlib.processor import ProcessorError, nearest

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from streamlib.schema import Schema

P = TypeVar("P")


class InputPort(Protocol):
    """What an `Input` needs of the runner."""

    name: str

    def take(self) -> Schema | None: ...


class OutputPort(Protocol):
    """What an `Output` needs of the runner."""

    name: str
    dropped: int

    def send(self, frame: Mapping[str, Any]) -> bool: ...

    def loan(self, shape: tuple[int, ...] | int, dtype: Any, field: str | None) -> NDArray[Any]: ...


class RunState(Protocol):
    """What a `Context` needs of the runner."""

    stopping: bool

    def wait(self, seconds: float) -> bool: ...

    def finish(self) -> None: ...


class Input:
    """An input of the processor."""

    def __init__(self, port: InputPort) -> None:
        self._port = port
        self.name = port.name

    def get(self) -> Schema | None:
        """The newest frame that was not taken yet (with delivery ``latest``; otherwise the oldest), or ``None``.

        The frame is a dict; its pictures are read-only and stay as they are for as long as you hold them.
        """
        return self._port.take()


class Output:
    """An output of the processor."""

    def __init__(self, port: OutputPort) -> None:
        self._port = port
        self.name = port.name

    def set(self, frame: Mapping[str, Any]) -> bool:
        """Sends a frame, a dict of the schema's fields. ``False``: it was dropped, because the reader is behind; that is
        counted. (Where the reader takes every frame, ``delivery="lossless"``, this waits for it instead.)

        Pictures and buffers are numpy arrays, which are copied into shared memory, or `Texture` and `SharedBuffer`, which are
        not; neither are arrays from `loan` and an input's own pixels, and they are read-only from here on. ``timestamp_ns``
        and ``frame_number`` may be left out: they are those of the frame that is being processed. Raises `BridgeError`,
        TypeError or ValueError naming port and field when a value does not fit the schema. Any thread may call it.
        """
        return self._port.send(frame)

    def loan(self, shape: tuple[int, ...] | int, dtype: Any = None, field: str | None = None) -> NDArray[Any]:
        """A writable array in the memory that the reader will see: write into it, then `set` it, and nothing is copied.

        ``shape`` is ``(height, width, channels)`` or ``(height, width)`` of a picture (dtype uint8), or any shape with its
        ``dtype`` for bytes. ``field`` is needed only where the schema has several of them. `set` makes the array read-only.
        While every slot is with readers it is ordinary memory, which `set` copies or drops.
        """
        return self._port.loan(shape, dtype, field)

    @property
    def dropped(self) -> int:
        """Frames dropped here so far."""
        return self._port.dropped


class Context:
    """A processor's view of the graph."""

    def __init__(
        self,
        name: str,
        config: Mapping[str, Any],
        inputs: Mapping[str, InputPort],
        outputs: Mapping[str, OutputPort],
        state: RunState,
    ) -> None:
        #: The processor's id in the graph.
        self.name = name
        #: The ``config`` of the manifest.
        self.config = config
        #: A logger whose lines appear in the runtime's log under the processor's name.
        self.log = logging.getLogger(name)
        self._inputs = {port: Input(value) for port, value in inputs.items()}
        self._outputs = {port: Output(value) for port, value in outputs.items()}
        self._state = state
        #: The machine-wide monotonic clock, in nanoseconds: the one of all ``timestamp_ns``.
        self.now_ns: Callable[[], int] = monotonic_ns

    def input(self, name: str | None = None) -> Input:
        """An input by its name; without one, the only input."""
        return _port(self._inputs, name, "input", self.name)

    def output(self, name: str | None = None) -> Output:
        """An output by its name; without one, the only output."""
        return _port(self._outputs, name, "output", self.name)

    @property
    def should_stop(self) -> bool:
        """True once the processor is asked to stop: a manual ``start()`` that loops looks at it."""
        return self._state.stopping

    def wait(self, seconds: float) -> bool:
        """Waits some seconds, but no longer than until the processor is asked to stop. Returns whether it is."""
        return self._state.wait(seconds)

    def finish(self) -> None:
        """Says that nothing more will be sent: the source is at its end."""
        self._state.finish()


def _port(ports: Mapping[str, P], name: str | None, kind: str, owner: str) -> P:
    if name is None:
        if len(ports) == 1:
            return next(iter(ports.values()))
        raise ProcessorError(f"{owner} has {len(ports)} {kind}s; name the one that you mean{nearest('', ports)}")
    try:
        return ports[name]
    except KeyError:
        raise ProcessorError(f'{owner} has no {kind} "{name}"{nearest(name, ports)}') from None

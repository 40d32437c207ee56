"""What a processor's hooks are given: its ports, configuration, log and clock."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from streamlib._native import monotonic_ns
from streamlib.processor import ProcessorError, nearest

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from streamlib._native import Colour
    from streamlib._pixels.picture import Picture
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

    def loan_picture(
        self, width: int, height: int, pixel_format: str, colour: Colour | None, field: str | None
    ) -> Picture: ...


class RunState(Protocol):
    """What a `Context` needs of the runner."""

    stopping: bool

    def wait(self, seconds: float) -> bool: ...

    def finish(self) -> None: ...


class Input:
    """An input of the processor.

    Attributes:
        name: The port's name, as the decorator has it.
    """

    def __init__(self, port: InputPort) -> None:
        self._port = port
        self.name = port.name

    def get(self) -> Schema | None:
        """Takes a frame: with delivery ``latest`` the newest, otherwise the oldest that was not taken yet. Never waits.

        Returns:
            The frame, a dict with the fields of the port's schema, or ``None`` where there is no new one. Its pictures are
            read-only and stay as they are for as long as you hold them.
        """
        return self._port.take()


class Output:
    """An output of the processor.

    Attributes:
        name: The port's name, as the decorator has it.
    """

    def __init__(self, port: OutputPort) -> None:
        self._port = port
        self.name = port.name

    def set(self, frame: Mapping[str, Any]) -> bool:
        """Sends a frame. Any thread may call it.

        Pictures and buffers are numpy arrays, which are copied into shared memory, or `Texture` and `SharedBuffer`, which are
        not; neither are arrays from `loan` and an input's own pixels, and they are read-only from here on.

        Args:
            frame: A dict of the schema's fields. ``timestamp_ns``, ``frame_number`` and ``media_time`` may be left out: they are
                those of the frame that is being processed, or else the time now, a count, and None.

        Returns:
            ``False`` if the frame was dropped because the reader is behind, which is counted. With ``delivery="lossless"``
            this waits for the reader instead.

        Raises:
            BridgeError, TypeError, ValueError: a value does not fit the schema; the message names port and field.
            ProcessorError: ``frame`` is not a dict.
        """
        return self._port.send(frame)

    def loan(self, shape: tuple[int, ...] | int, dtype: Any = None, field: str | None = None) -> NDArray[Any]:
        """A writable array in the memory that the reader will see: write into it, then `set` it, and nothing is copied.

        Args:
            shape: ``(height, width, channels)`` or ``(height, width)`` of a picture, or any shape for bytes.
            dtype: The type of its elements; uint8 if not given, and always for a picture.
            field: The field that the memory is for; needed only where the schema has several of them.

        Returns:
            An array that `set` makes read-only. Its content is undefined until you write it. While every slot is with
            readers it is ordinary memory, which `set` copies or drops.

        Raises:
            TypeError, ValueError: there is no such picture; the message names port and field.
            ProcessorError: the schema has no such field, or several and none was named.
        """
        return self._port.loan(shape, dtype, field)

    def loan_picture(
        self,
        width: int,
        height: int,
        format: str = "rgb8",
        *,
        colour: Colour | None = None,
        field: str | None = None,
    ) -> Picture:
        """A writable picture of any pixel format in the memory that the reader will see.

        Fill its ``planes()``, or `Picture.pack` its components, then `set` it, and nothing is copied:
        ``out.set({"pixel_buffer": picture})``.

        Args:
            width: Width in pixels, from 1 to 32768.
            height: Height in pixels, from 1 to 32768.
            format: A name of `streamlib.PIXEL_FORMATS`; ``"rgb8"`` if not given.
            colour: What its numbers mean as colours; unspecified if not given. It travels with the picture.
            field: The field that the memory is for; needed only where the schema has several of them.

        Returns:
            A picture that `set` makes read-only. Its content is undefined until you write it. While every slot is with
            readers it has ordinary memory, which `set` copies or drops.

        Raises:
            TypeError: the field is no Texture.
            ValueError: there is no such format or size; the message names port and field.
            ProcessorError: the schema has no such field, or several and none was named.
        """
        return self._port.loan_picture(width, height, format, colour, field)

    @property
    def dropped(self) -> int:
        """Number of frames that `set` dropped here since the process started."""
        return self._port.dropped


class Context:
    """A processor's view of the graph, which its hooks are given.

    Attributes:
        name: The processor's id in the graph, from the manifest.
        config: The ``config`` of the manifest, ``{}`` if it has none.
        log: A logger whose lines appear in the runtime's log under the processor's name.
        now_ns: A function that returns the time in nanoseconds of the machine-wide monotonic clock, that of all
            ``timestamp_ns``.
    """

    def __init__(
        self,
        name: str,
        config: Mapping[str, Any],
        inputs: Mapping[str, InputPort],
        outputs: Mapping[str, OutputPort],
        state: RunState,
    ) -> None:
        self.name = name
        self.config = config
        self.log = logging.getLogger(name)
        self._inputs = {port: Input(value) for port, value in inputs.items()}
        self._outputs = {port: Output(value) for port, value in outputs.items()}
        self._state = state
        self.now_ns: Callable[[], int] = monotonic_ns

    def input(self, name: str | None = None) -> Input:
        """An input of the processor.

        Args:
            name: Its name; may be left out where there is only one.

        Raises:
            ProcessorError: there is no such input, or several and none was named.
        """
        return _port(self._inputs, name, "input", self.name)

    def output(self, name: str | None = None) -> Output:
        """An output of the processor.

        Args:
            name: Its name; may be left out where there is only one.

        Raises:
            ProcessorError: there is no such output, or several and none was named.
        """
        return _port(self._outputs, name, "output", self.name)

    @property
    def should_stop(self) -> bool:
        """True once the runtime has asked the processor to stop. A manual ``start()`` that loops checks it."""
        return self._state.stopping

    def wait(self, seconds: float) -> bool:
        """Waits, but no longer than until the processor is asked to stop.

        Args:
            seconds: How long to wait at most.

        Returns:
            Whether the processor has been asked to stop.
        """
        return self._state.wait(seconds)

    def finish(self) -> None:
        """Tells the runtime that nothing more will be sent: the source is at its end. Calling it again does nothing."""
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

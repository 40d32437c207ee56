"""Outputs: values into shared memory, and the window that keeps them from running ahead of their readers."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from streamlib._memory import NoSlot, holds_memory, into_memory, protect, shape_format, whole_shape
from streamlib._native import (
    BridgeError,
    Colour,
    Connection,
    FramePool,
    SharedBuffer,
    Tally,
    Texture,
    monotonic_ns,
)
from streamlib._numpy import numpy_module
from streamlib._pixels.picture import Picture
from streamlib._runner.run_state import RunState
from streamlib._runner.targets import HostTarget, LinkTarget
from streamlib._runner.throttled_log import StallWarning
from streamlib.processor import ProcessorError, nearest
from streamlib.schema import Schema

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from streamlib._runner.inputs import InputPort

M = TypeVar("M")

#: No message reports room in the socket, or memory that the user's own code lets go of: a wait looks again this often
#: (seconds).
_LOOK_AGAIN = 0.005

#: A row of frames for which there is no memory is told of after so long (seconds).
_STARVED = 1.0


class Channel(Protocol):
    """What an output needs of the session: news from the host, such as acknowledgements and memory that came back."""

    messages_taken: int

    def wait_for_messages(self, seen: int, timeout: float | None) -> bool: ...

    def watch(self, connections: list[Connection]) -> None: ...


class OutputPort:
    """One output. Any thread may send."""

    def __init__(
        self,
        name: str,
        index: int,
        schema: type[Schema],
        connection: Connection,
        settings: Mapping[str, Any],
        state: RunState,
        inputs: Sequence[InputPort],
        channel: Channel,
    ) -> None:
        self.name = name
        self.dropped = 0
        self.sent = 0
        self._connection = connection
        self._state = state
        self._inputs = inputs
        self._channel = channel
        slots = int(settings.get("slots", 16))
        self._pool = FramePool(slots)
        self._stall = StallWarning(f"output {name}")
        self._no_room = "for a lossless reader, which takes nothing more"
        self._slots = slots
        self._starved: float | None = None
        self._starvation = StallWarning(f"output {name}", _STARVED)
        #: The thread that runs the hooks, once the host was told that no more frames come.
        self._stopped_by: int | None = None
        self._lock = threading.Lock()
        self._types = {f["name"]: f["type"] for f in schema.schema()["fields"]}
        self._in_memory = [name for name, form in self._types.items() if holds_memory(form)]
        self._timed = self._types.get("timestamp_ns") == "Int64"
        self._numbered = self._types.get("frame_number") == "UInt64"
        self._has_media_time = self._types.get("media_time") == {"Optional": "Int64"}
        self._loanable: list[str] = [name for name in self._in_memory if self._types[name] in ("Texture", "Buffer")]
        #: What was asked for by the last loan, and what follows from it.
        self._asked: tuple[Any, Any, str | None] | None = None
        self._loan: tuple[tuple[int, ...], Any, str, Callable[[], Texture | SharedBuffer | None]]
        #: The picture that was loaned last and its memory: mostly the very one that is sent next. Neither is kept alive here.
        self._loaned: tuple[weakref.ref[Any], weakref.ref[Texture], tuple[int, ...]] | None = None
        self._host = HostTarget(index, connection, settings)
        self.links: list[LinkTarget] = []
        #: No longer read from here, but not finished with what was sent.
        self._leaving: list[LinkTarget] = []
        #: Frames that went to other processors only: the runtime has not seen them.
        self._direct: Tally | None = None
        self.configure(settings)

    def configure(self, settings: Mapping[str, Any]) -> list[LinkTarget]:
        """Who reads this output from here on. Returns those that do no longer."""
        wanted = {str(link["link"]): link for link in settings.get("links", [])}
        with self._lock:
            self._host.configure(settings)
            gone = [link for link in self.links if link.id not in wanted]
            for link in gone:
                link.end()
            self._leaving += gone
            self.links = [link for link in self.links if link.id in wanted]
            for id in wanted.keys() - {link.id for link in self.links}:
                link = LinkTarget(wanted[id], frozenset(self._in_memory), self._timed)
                self._connection.add_tally(f"link/{id}", link.tally)
                self.links.append(link)
            if self.links and self._direct is None:
                self._direct = Tally()
                self._connection.add_tally(f"output/{self.name}", self._direct)
        return gone

    def acked(self, frame_id: int) -> None:
        self._host.acked(frame_id)

    def link_opened(self, link: LinkTarget, connection: Connection) -> None:
        with self._lock:
            link.open(connection)

    def link_acked(self, link: LinkTarget) -> None:
        with self._lock:
            link.acked()

    def link_has_left(self, link: LinkTarget) -> bool:
        """Whether its reader has finished with all frames and holds no memory; from here on, what it gives back is an event."""
        with self._lock:
            link.listen(True)
            return link.in_flight == 0 and link.outstanding == 0

    def count_links(self) -> None:
        with self._lock:
            for link in (*self.links, *self._leaving):
                link.count()
            self._leaving = [link for link in self._leaving if link.in_flight > 0]

    def link_lost(self, link: LinkTarget) -> None:
        with self._lock:
            link.lose()

    def link_over(self, link: LinkTarget) -> None:
        with self._lock:
            link.end()

    def stop(self) -> None:
        """Nothing is sent any more: what waits counts as dropped."""
        with self._lock:
            self._stopped_by = threading.get_ident()
            for link in self.links:
                link.stop()

    def send(self, frame: Mapping[str, Any]) -> bool:
        self._state.check()
        if not isinstance(frame, (dict, Mapping)):
            raise ProcessorError(
                f'output "{self.name}": a frame is a dict with the fields {", ".join(self._types)}, '
                f"not {type(frame).__name__}"
            )
        if self._stopped_by is not None:
            if self._stopped_by != threading.get_ident():
                # A thread of the user's that goes on is not to end in a traceback for it.
                return self._drop()
            raise ProcessorError(
                f'output "{self.name}" has stopped, the frame is not sent; send last results in stop()'
            )
        value = dict(frame)
        known = self._take_loaned(value)
        began: float | None = None
        while True:
            seen = self._channel.messages_taken
            room = self._has_room()
            fits = room and self._fits(value)
            if fits and self._send(value):
                break
            if not self._wait(seen):
                self._wait_is_long(self._starved, no_slot=room and not fits)
                return self._drop()
            began = self._wait_is_long(began, no_slot=room and not fits)
        self._stall.over(began)
        if self._starved is not None:
            self._starvation.over(None)
            self._starved = None
        for name in self._in_memory:
            if name == known:
                frame[name].setflags(write=False)
            else:
                protect(frame.get(name), value.get(name))
        if self.links:
            waiting = [link.connection for link in self.links if link.pending and link.connection is not None]
            if waiting:
                self._channel.watch(waiting)
        return True

    def loan(self, shape: tuple[int, ...] | int, dtype: Any, field: str | None) -> NDArray[Any]:
        self._state.check()
        np = numpy_module()
        if (shape, dtype, field) != self._asked:
            self._prepare_loan(np, shape, dtype, field)
        shape, dtype, name, get = self._loan
        try:
            held = self._acquire(get)
        except (TypeError, ValueError) as error:
            raise type(error)(f"port {self.name}, field {name}: {error}") from None
        except OverflowError:
            raise ValueError(f"port {self.name}, field {name}: no frame is as large as {shape}") from None
        # None: every slot is with a reader. The user's code goes on with memory of its own, and `set` decides what becomes of
        # it.
        array: NDArray[Any] = np.empty(shape, dtype) if held is None else np.asarray(held)
        if array.shape != shape or array.dtype != dtype:
            array = array.reshape(-1).view(dtype).reshape(shape)
        elif isinstance(held, Texture):
            self._loaned = (weakref.ref(array), weakref.ref(held), shape)
        return array

    def loan_picture(
        self, width: int, height: int, pixel_format: str, colour: Colour | None, field: str | None
    ) -> Picture:
        self._state.check()
        name = self._loan_field(field)
        if self._types[name] != "Texture":
            raise TypeError(f"port {self.name}, field {name}: is no Texture; use loan()")
        try:
            held = self._acquire(lambda: self._pool.texture(width, height, pixel_format, colour))
            # None: as with `loan`, memory of its own.
            return Picture._over(held) if held is not None else Picture(width, height, pixel_format, colour=colour)
        except (BridgeError, OverflowError, ValueError) as error:
            raise ValueError(f"port {self.name}, field {name}: {error}") from None

    def _prepare_loan(self, np: Any, shape: Any, dtype: Any, field: str | None) -> None:
        """What is asked for is mostly what was asked for last, so it is worked out once."""
        asked = (shape, dtype, field)
        dtype = np.dtype(np.uint8 if dtype is None else dtype)
        name = self._loan_field(field)
        try:
            shape = whole_shape(shape)
            self._loan = (shape, dtype, name, self._getter(name, shape, dtype))
        except (TypeError, ValueError) as error:
            raise type(error)(f"port {self.name}, field {name}: {error}") from None
        self._asked = asked

    def _take_loaned(self, value: dict[str, Any]) -> str | None:
        """Puts its memory in the place of the picture that was loaned last, if that is what is sent. Returns the field."""
        loaned, self._loaned = self._loaned, None
        if loaned is None or len(self._in_memory) != 1:
            return None
        name: str = self._in_memory[0]
        array, held = loaned[0](), loaned[1]()
        if array is None or held is None or value.get(name) is not array:
            return None
        if value[name].shape != loaned[2]:
            return None
        value[name] = held
        return name

    def close(self) -> None:
        self._pool.close()

    def _loan_field(self, field: str | None) -> str:
        choices = self._loanable
        if field is None and len(choices) == 1:
            return choices[0]
        if field is not None and field in choices:
            return field
        if field is None:
            raise ProcessorError(
                f'output "{self.name}" has {len(choices)} fields in shared memory; name one with field={nearest("", choices)}'
            )
        raise ProcessorError(f'output "{self.name}" has no field "{field}" in shared memory{nearest(field, choices)}')

    def _getter(self, field: str, shape: tuple[int, ...], dtype: Any) -> Callable[[], Texture | SharedBuffer | None]:
        if self._types[field] == "Texture":
            if dtype != numpy_module().uint8:
                raise TypeError(f"pixels must have dtype uint8, not {dtype}; for other formats, use loan_picture()")
            width, height, pixel_format = shape_format(shape)
            return lambda: self._pool.texture(width, height, pixel_format)
        size = int(dtype.itemsize)
        for n in shape:
            size *= n
        return lambda: self._pool.buffer(size)

    def _acquire(self, get: Callable[[], M | None]) -> M | None:
        began: float | None = None
        while True:
            seen = self._channel.messages_taken
            held = get()
            if held is None and self._reclaim():
                held = get()
            if held is not None or not self._wait(seen):
                self._stall.over(began)
                return held
            began = self._wait_is_long(began, no_slot=True)

    def _wait_is_long(self, began: float | None, no_slot: bool) -> float:
        """Warns of a wait, or of a row of drops, that is long. Returns when it began."""
        if not no_slot:
            return self._stall.check(began, self._no_room)
        self._starved = self._starvation.check(self._starved or began, self._who_holds)
        return self._starved

    def _who_holds(self) -> str:
        with self._lock:
            held = {link.id.rpartition(">")[2].partition("#")[0]: link.outstanding for link in self.links}
        held["the runtime"] = self._connection.stats()["outstanding"]
        who = ", ".join(f"{name} holds {count} frames" for name, count in held.items() if count)
        return (
            f"for memory: its {self._slots} slots are all in use, {who or 'this processor keeps them'}; keep copies, as of "
            'pixels.copy(), or let the input keep more with "keep"'
        )

    def _has_room(self) -> bool:
        if not self.links:
            return self._host.has_room
        if self._host.blocking and not self._host.has_room:
            return False
        with self._lock:
            return all(link.has_room for link in self.links)

    def _reclaim(self) -> bool:
        """Takes memory from what waits for the reader that has most waiting: a slow reader delays no other."""
        with self._lock:
            slowest = max(
                (link for link in self.links if not link.blocking), key=lambda link: link.pending, default=None
            )
            if slowest is None or slowest.pending == 0:
                return False
            slowest.drop_oldest()
            return True

    def _fits(self, value: dict[str, Any]) -> bool:
        return self._to_memory(value) or (self._reclaim() and self._to_memory(value))

    def _to_memory(self, value: dict[str, Any]) -> bool:
        for name in self._in_memory:
            if value.get(name) is None:
                continue
            try:
                value[name] = into_memory(self._types[name], value[name], self._pool, name)
            except NoSlot:
                return False
            except (TypeError, ValueError) as error:
                raise type(error)(f"port {self.name}, {error}") from None
        return True

    def _send(self, value: dict[str, Any]) -> bool:
        """False: there is no room after all."""
        host = self._host
        with self._lock:
            complete = self._complete(value)
            to_host = host.wanted and host.send(complete)
            if not to_host and host.wanted:
                if host.blocking or not self.links:
                    return False
                self._count_drop()
            for link in self.links:
                link.offer(complete)
            if not to_host and self._direct is not None:
                self._direct.pass_one()
            self.sent += 1
            return True

    def _wait(self, seen: int) -> bool:
        """Looks for news that came already, and waits for more if this output waits for a reader. False: give up."""
        if self._channel.wait_for_messages(seen, 0.0):
            return True
        if not self._blocking or self._state.stopping:
            return False
        if self.links:
            # Memory that comes back is news as well.
            with self._lock:
                for link in self.links:
                    link.listen(True)
        self._channel.wait_for_messages(seen, _LOOK_AGAIN)
        return True

    @property
    def _blocking(self) -> bool:
        return self._host.blocking or any(link.blocking for link in self.links)

    def _complete(self, value: dict[str, Any]) -> dict[str, Any]:
        """Times and number of the frame that is being processed, where the user's code gave none."""
        if self._timed and value.get("timestamp_ns") is None:
            for port in self._inputs:
                if port.timestamp_ns is not None:
                    value["timestamp_ns"] = port.timestamp_ns
                    break
            else:
                value["timestamp_ns"] = monotonic_ns()
        if self._numbered and value.get("frame_number") is None:
            for port in self._inputs:
                if port.frame_number is not None:
                    value["frame_number"] = port.frame_number
                    break
            else:
                value["frame_number"] = self.sent
        if self._has_media_time and "media_time" not in value:
            value["media_time"] = next((p.media_time for p in self._inputs if p.media_time is not None), None)
        return value

    def _drop(self) -> bool:
        self._state.check()
        with self._lock:
            self._count_drop()
        return False

    def _count_drop(self) -> None:
        self.dropped += 1
        self._connection.set_dropped(self.name, self.dropped)

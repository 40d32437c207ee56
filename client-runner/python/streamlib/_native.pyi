from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from numpy.typing import DTypeLike, NDArray

    from streamlib._planes import Planes

class BridgeError(Exception):
    """The bridge refused something: a value that does not fit its schema, a handle that is closed, a limit that is reached.

    Attributes:
        code: What happened, one of ``malformed``, ``closed``, ``schema``, ``value``, ``would_block``, ``exhausted``, ``stale``,
            ``locked``, ``io``, ``not_endpoint`` and ``permission``. These names stay.
        port: The port's name, or ``None`` where no port is concerned.
        field: The path of the field, such as ``detections[2].label``, or ``None``.
    """

    code: str
    port: str | None
    field: str | None

class Colour:
    """What the numbers of a picture mean as colours, by the names of ITU-T H.273 that FFmpeg has.

    Two are equal where all of their names are. Each argument is ``"unspecified"`` where nothing else is given.

    Args:
        range: See the property.
        matrix: See the property.
        transfer: See the property.
        primaries: See the property.

    Raises:
        BridgeError: there is no such name; the message lists those that there are.
    """

    def __init__(
        self,
        range: str = "unspecified",
        matrix: str = "unspecified",
        transfer: str = "unspecified",
        primaries: str = "unspecified",
    ) -> None: ...
    @property
    def range(self) -> str:
        """Which numbers are black and white: ``"limited"``, ``"full"`` or ``"unspecified"``."""
    @property
    def matrix(self) -> str:
        """How luma and colour differences follow from red, green and blue: ``"bt709"``, ``"smpte170m"`` (given as ``"bt601"`` as
        well), ``"bt2020nc"``, ``"gbr"``, …, or ``"unspecified"``."""
    @property
    def transfer(self) -> str:
        """How numbers become light: ``"bt709"``, ``"srgb"``, ``"linear"``, ``"smpte2084"`` (given as ``"pq"`` as well),
        ``"arib-std-b67"`` (given as ``"hlg"`` as well), …, or ``"unspecified"``."""
    @property
    def primaries(self) -> str:
        """Which red, green and blue are meant: ``"bt709"``, ``"bt2020"``, ``"smpte432"``, …, or ``"unspecified"``."""

class Texture:
    """A picture in shared memory: ``height`` x ``width`` pixels, as ``format`` says.

    Received ones are read-only; loaned ones are writable until they are sent. ``numpy.asarray`` looks at one without a copy:
    at its pixels, or at all bytes in a row where there are several planes.
    """

    @property
    def width(self) -> int:
        """Width in pixels."""
    @property
    def height(self) -> int:
        """Height in pixels: the number of rows."""
    @property
    def stride(self) -> int:
        """Bytes from the beginning of one row to that of the next; at least the bytes of a row's pixels."""
    @property
    def format(self) -> str:
        """``"rgb8"``, ``"gray8"``, ``"nv12"``, …: a name of `streamlib.PIXEL_FORMATS`."""
    @property
    def writable(self) -> bool:
        """True while it is loaned from an output and not sent; False for what was received."""
    @property
    def address(self) -> int:
        """Address of the first pixel in this process; the same memory has the same address.

        Raises:
            BridgeError: ``code`` is ``closed``: it was released.
        """
    @property
    def colour(self) -> Colour:
        """What its numbers mean as colours; unspecified by default."""
    def to_numpy(self) -> NDArray[Any]:
        """The pixels as a numpy array of shape ``(height, width, channels)``, of gray pictures ``(height, width)``; dtype uint8,
        uint16 or float32. A view, without a copy. Read-only unless this is loaned.

        ``yuyv8`` and ``uyvy8``: ``(height, width, 2)``, the width rounded up to an even one. Bit-packed formats:
        ``(height, groups, bytes of a group)``; see `unpack`.

        Returns:
            A view of the memory, which stays as it is for as long as the array exists.

        Raises:
            TypeError: The picture has several planes; see `planes`.
            BridgeError: ``code`` is ``closed``: it was released.
        """
    def planes(self) -> Planes:
        """A view of each plane, without a copy; also by name: ``planes().y``, ``planes().uv``. Shapes and dtypes as with
        `to_numpy`; planes of colour differences are as much smaller as the format says, rounded up.

        Returns:
            A tuple of views, one for each plane.

        Raises:
            BridgeError: ``code`` is ``closed``: it was released.
        """
    def unpack(self) -> Planes:
        """The components as arrays of their own, such as ``y``, ``u``, ``v`` or ``r``, ``g``, ``b``; see `streamlib.unpack`.

        Returns:
            An array for each component: copies of bit-packed formats and ``p010``, views of all others.

        Raises:
            BridgeError: ``code`` is ``closed``: it was released.
        """
    def _memory(self) -> NDArray[Any]: ...
    @property
    def _layout(self) -> list[tuple[str, str, int, list[int], list[int]]]: ...
    def share(self) -> Texture:
        """Another handle to the same memory, for a frame that is sent later. Both are read-only from here on.

        Returns:
            A handle that is released by itself; the memory is not copied.

        Raises:
            BridgeError: ``code`` is ``closed``: it was released.
        """
    def release(self) -> None:
        """Gives the memory back to its producer now, rather than when this object is collected. Calling it again does nothing.

        Raises:
            BufferError: numpy arrays or other views of it still exist.
        """
    def __buffer__(self, flags: int, /) -> memoryview: ...

class SharedBuffer:
    """Bytes in shared memory, such as the samples of sound. ``numpy.asarray`` and ``memoryview`` look at them without a copy.

    Received ones are read-only; loaned ones are writable until they are sent. ``len()`` is the size in bytes.
    """

    @property
    def byte_length(self) -> int:
        """Size in bytes."""
    @property
    def writable(self) -> bool:
        """True while it is loaned from an output and not sent; False for what was received."""
    @property
    def address(self) -> int:
        """Address of the first byte in this process.

        Raises:
            BridgeError: ``code`` is ``closed``: it was released.
        """
    def to_numpy(self, dtype: DTypeLike | None = None) -> NDArray[Any]:
        """The bytes as a numpy array of one dimension, without a copy. Read-only unless this is loaned.

        Args:
            dtype: The type of its elements; uint8 if not given. The size must be a multiple of the element's.

        Returns:
            A view of the memory, which stays as it is for as long as the array exists.

        Raises:
            BridgeError: ``code`` is ``closed``: it was released.
            ValueError: the size does not fit ``dtype``.
        """
    def share(self) -> SharedBuffer:
        """Another handle to the same memory, for a frame that is sent later. Both are read-only from here on.

        Returns:
            A handle that is released by itself; the memory is not copied.

        Raises:
            BridgeError: ``code`` is ``closed``: it was released.
        """
    def release(self) -> None:
        """Gives the memory back to its producer now, rather than when this object is collected. Calling it again does nothing.

        Raises:
            BufferError: numpy arrays or other views of it still exist.
        """
    def __len__(self) -> int: ...
    def __buffer__(self, flags: int, /) -> memoryview: ...

class FramePool:
    """The slots that this process writes its frames into."""

    def __init__(self, max_slots: int = 16) -> None: ...
    def texture(
        self, width: int, height: int, format: str = "rgb8", colour: Colour | None = None
    ) -> Texture | None: ...
    def buffer(self, byte_length: int) -> SharedBuffer | None: ...
    def stats(self) -> dict[str, int]: ...
    def close(self) -> None: ...

class Endpoint:
    def close(self) -> None: ...

class Listener:
    @staticmethod
    def anonymous() -> Listener: ...
    @staticmethod
    def named(path: str) -> Listener: ...
    def endpoint(self) -> Endpoint: ...
    def accept(self, timeout: float) -> Connection | None: ...

class Connection:
    """One end of a connection. Any thread may send; one thread at a time receives."""

    @staticmethod
    def connect(endpoint: Endpoint) -> Connection: ...
    @staticmethod
    def connect_named(path: str) -> Connection: ...
    @staticmethod
    def pair() -> tuple[Connection, Connection]: ...
    @staticmethod
    def adopt(descriptor: int) -> Connection: ...
    def fileno(self) -> int: ...
    @property
    def peer_pid(self) -> int: ...
    @property
    def closed(self) -> bool: ...
    @property
    def pending_releases(self) -> int: ...
    def define_ports(self, inputs_json: str, outputs_json: str) -> None: ...
    def receive(self, timeout: float | None = None) -> tuple[Any, ...] | None: ...
    def send_control(self, message: dict[str, Any], endpoint: Endpoint | None = None) -> None: ...
    def send_frame(self, port: int, frame_id: int, value: dict[str, Any]) -> bool: ...
    def ack(self, port: int, frame_id: int) -> None: ...
    def flush(self) -> bool: ...
    def start_heartbeat(self, interval_s: float = 1.0, grace_s: float = 1.0) -> None: ...
    def set_busy(self, busy: bool) -> None: ...
    def set_processed(self, processed: int) -> None: ...
    def set_dropped(self, port: str, count: int) -> None: ...
    def acked(self, port: int) -> int: ...
    def tell_acks(self, tell: bool) -> None: ...
    def add_tally(self, name: str, tally: Tally) -> None: ...
    def beat(self) -> None: ...
    def stats(self) -> dict[str, int]: ...
    def close(self) -> None: ...

class Poller:
    """Connections and listeners that are received from as if they were one."""

    def __init__(self) -> None: ...
    def add(self, source: Connection | Listener, owner: Any) -> None: ...
    def remove(self, source: Connection | Listener) -> None: ...
    def receive(self, timeout: float | None = None, linger: float = 0.0) -> list[tuple[Any, tuple[Any, ...]]]: ...
    def flush(self) -> None: ...
    def __len__(self) -> int: ...

class Tally:
    """Counts that the heartbeat carries."""

    def __init__(self) -> None: ...
    def pass_one(self, made_ns: int | None = None) -> None: ...
    def drop(self, reason: str, count: int = 1) -> None: ...
    def set_waiting(self, count: int) -> None: ...
    @property
    def passed(self) -> int: ...
    @property
    def waiting(self) -> int: ...
    @property
    def dropped(self) -> dict[str, int]: ...

def plane_layout(width: int, height: int, format: str) -> list[tuple[str, str, int, list[int], list[int]]]: ...
def pixel_formats() -> list[tuple[str, str, int, bool, bool, int]]: ...
def wait_for_any(connections: list[Connection], timeout: float | None = None) -> bool: ...
def service_name() -> str: ...
def relay_path() -> str: ...
def broker_address() -> str: ...
def monotonic_ns() -> int: ...
def set_parent_death_signal(parent: int) -> None: ...
def debug_counts() -> dict[str, int]: ...
def normalize_schema(json: str) -> str: ...
def encode_value(schema_json: str, value: dict[str, Any]) -> bytes: ...
def decode_value(schema_json: str, data: bytes) -> dict[str, Any]: ...
def sandbox_support() -> tuple[int, bool]: ...
def confine_and_become(
    command: list[str],
    environment: list[str],
    readable: list[str],
    writable: list[str],
    limits: list[tuple[int, int]],
    cpus: int,
    keep: list[int],
) -> NoReturn: ...
def confine_here(readable: list[str], writable: list[str], limits: list[tuple[int, int]], cpus: int) -> None: ...
def filter_calls() -> None: ...
def forbid_programs() -> None: ...

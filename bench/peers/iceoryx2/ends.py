"""One end of an echo over iceoryx2: publish and subscribe for the frames, notifier and listener for the waking."""

import ctypes
from typing import Any

import iceoryx2 as iox
import numpy as np
from streambench.touches import Frame

IN_FLIGHT = 8

iox.set_log_level(iox.LogLevel.Error)


def view(sample: Any, size: int) -> Frame:
    """The shared payload itself. Through an address: `as_list()` and the like would copy."""
    return np.frombuffer((ctypes.c_uint8 * size).from_address(sample.payload_ptr), np.uint8)


class End:
    def __init__(self, name: str, size: int, to: str, back: str) -> None:
        self.size = size
        self.node = iox.NodeBuilder.new().create(iox.ServiceType.Ipc)
        self.services = [self._frames(f"{name}/{to}"), self._frames(f"{name}/{back}")]
        self.events = [
            self._events(f"{name}/{to}-event"),
            self._events(f"{name}/{back}-event"),
        ]
        self.publisher = self.services[0].publisher_builder().initial_max_slice_len(size).create()
        self.subscriber = self.services[1].subscriber_builder().create()
        self.notifier = self.events[0].notifier_builder().create()
        self.listener = self.events[1].listener_builder().create()

    def _frames(self, name: str) -> Any:
        service = self.node.service_builder(iox.ServiceName.new(name))
        builder = service.publish_subscribe(iox.Slice[ctypes.c_uint8])
        builder = builder.subscriber_max_buffer_size(IN_FLIGHT).subscriber_max_borrowed_samples(IN_FLIGHT)
        return builder.enable_safe_overflow(False).open_or_create()

    def _events(self, name: str) -> Any:
        return self.node.service_builder(iox.ServiceName.new(name)).event().open_or_create()

    def loan(self) -> Any:
        return self.publisher.loan_slice_uninit(self.size)

    def send(self, sample: Any) -> None:
        sample.assume_init().send()
        self.notifier.notify()

    def receive(self) -> Any:
        while True:
            sample = self.subscriber.receive()
            if sample is not None:
                return sample
            self.listener.blocking_wait()

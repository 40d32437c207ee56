"""The closed loop and the paced one, as `harness/measure/` has them for Node."""

from __future__ import annotations

import os
import resource
import time
from array import array
from dataclasses import dataclass, field
from typing import Any, Protocol

from .processes import Placement, cpu_ns, minor_faults
from .touches import expected_sum

MOST = 40_000
SAMPLE_EVERY_NS = 10_000_000
LATE_NS = 3_000_000
# Page faults a message below which both processes count as warm.
WARM_FAULTS = 0.001


@dataclass(frozen=True)
class Worker:
    label: str
    pid: int
    main: bool = True


class Transport(Protocol):
    """What a Python host implements once for each cell."""

    workers: list[Worker]

    def send(self, value: int) -> None:
        """Write `value` into each page of a frame and hand it over."""

    def receive(self) -> int:
        """Wait for the next reply; the sum of one byte of each page."""

    def close(self) -> None: ...


@dataclass
class Recorder:
    """Latencies in nanoseconds. Made and touched before anything is counted: recording must not fault."""

    latencies: array[int] = field(default_factory=lambda: array("q", [1]) * MOST)
    sent_at: array[int] = field(default_factory=lambda: array("q", [1]) * 8)


RECORDER = Recorder()


def closed_loop(
    transport: Transport,
    *,
    bytes: int,
    depth: int,
    warmMs: float,
    warmMostMs: float,
    measureMs: float,
    atLeast: int,
) -> dict[str, Any]:
    worker = _main_worker(transport)
    _warm_up(transport, worker, bytes, depth, warmMs, warmMostMs, min(atLeast, 3))
    placement = Placement.of(os.getpid(), worker)
    before = _faults(worker)
    messages, elapsed = _turn(transport, bytes, depth, measureMs, atLeast, placement)
    result = _result(RECORDER.latencies[:messages], before, _faults(worker), placement)
    return result | {"messages_per_s": round(messages * 1e9 / elapsed, 1)}


def _warm_up(
    transport: Transport, worker: int | None, size: int, depth: int, turn_ms: float, most_ms: float, at_least: int
) -> None:
    """Until a whole turn passes without page faults, or for as long as is allowed."""
    until = time.perf_counter_ns() + int(most_ms * 1e6)
    while True:
        before = sum(_faults(worker))
        messages, _ = _turn(transport, size, depth, turn_ms, at_least, None)
        if sum(_faults(worker)) - before < messages * WARM_FAULTS or time.perf_counter_ns() > until:
            return


def _turn(
    transport: Transport,
    size: int,
    depth: int,
    limit_ms: float,
    at_least: int,
    placement: Placement | None,
) -> tuple[int, int]:
    now, send, receive = time.perf_counter_ns, transport.send, transport.receive
    latencies, sent_at = RECORDER.latencies, RECORDER.sent_at
    began = now()
    end, next_sample = began + int(limit_ms * 1e6), began
    sent = received = 0
    limit = MOST
    while received < limit:
        while sent < limit and sent - received < depth:
            sent_at[sent & 7] = now()
            send(sent & 255)
            sent += 1
        total = receive()
        at = now()
        latencies[received] = at - sent_at[received & 7]
        _check(total, received, size)
        received += 1
        if limit == MOST and received >= at_least and at > end:
            limit = sent
        if placement is not None and at > next_sample:
            placement.sample()
            next_sample = at + SAMPLE_EVERY_NS
    return received, now() - began


def paced(transport: Transport, *, bytes: int, fps: int, hotMs: float, warmFrames: int, frames: int) -> dict[str, Any]:
    # A stream runs for hours: its caches are warm.
    _turn(transport, bytes, 1, hotMs, 3, None)
    _pace(transport, bytes, fps, warmFrames, None)
    worker = _main_worker(transport)
    placement = Placement.of(os.getpid(), worker)
    before, cpu_before = _faults(worker), _cpu(transport)
    latencies, late, elapsed = _pace(transport, bytes, fps, frames, placement)
    cpu_after = _cpu(transport)
    split = {label: round((ns - cpu_before[label]) / frames / 1e3, 1) for label, ns in cpu_after.items()}
    result = _result(latencies, before, _faults(worker), placement)
    return result | {
        "messages_per_s": round(frames * 1e9 / elapsed, 1),
        "cpu_us_per_frame": round(sum(split.values()), 1),
        "cpu_split_us": split,
        "late": late,
    }


def _pace(
    transport: Transport, size: int, fps: int, frames: int, placement: Placement | None
) -> tuple[array[int], int, int]:
    now = time.perf_counter_ns
    latencies = array("q", [1]) * frames
    began = due = now()
    late = 0
    for count in range(frames):
        wait = due - now()
        if wait > 0:
            time.sleep(wait / 1e9)
        elif wait < -LATE_NS:
            late += 1
        at = now()
        transport.send(count & 255)
        total = transport.receive()
        latencies[count] = now() - at
        _check(total, count, size)
        # Eight samples are enough to see where they run, and cost nothing against 16 ms.
        if placement is not None and count % -(-frames // 8) == 0:
            placement.sample()
        due += 1_000_000_000 // fps
    return latencies, late, now() - began


def _check(total: int, count: int, size: int) -> None:
    if total != expected_sum(count & 255, size):
        raise RuntimeError(f"frame {count} came back with the sum {total}, not {expected_sum(count & 255, size)}")


def _main_worker(transport: Transport) -> int | None:
    return next((worker.pid for worker in transport.workers if worker.main), None)


def _faults(worker: int | None) -> tuple[int, int]:
    of_worker = 0 if worker is None else minor_faults(worker)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt, of_worker


def _cpu(transport: Transport) -> dict[str, int]:
    return {"host": time.process_time_ns()} | {worker.label: cpu_ns(worker.pid) for worker in transport.workers}


def _result(
    latencies: array[int],
    before: tuple[int, int],
    after: tuple[int, int],
    placement: Placement,
) -> dict[str, Any]:
    ordered = sorted(latencies)
    messages = len(ordered)
    host, worker = ((after[side] - before[side]) / messages for side in (0, 1))

    def quantile(share: float) -> float:
        return round(ordered[min(messages - 1, int(messages * share))] / 1e3, 1)

    return {
        "messages": messages,
        "p50_us": quantile(0.5),
        "p99_us": quantile(0.99),
        "faults_per_message": round(host + worker, 4),
        "host_faults_per_message": round(host, 4),
        "worker_faults_per_message": round(worker, 4),
        "placement": placement.end(),
    }

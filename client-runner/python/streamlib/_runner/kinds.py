"""The three ways to run: for each frame, in a loop, on its own."""

from __future__ import annotations

import inspect
import threading
from collections.abc import Mapping
from typing import Any

from streamlib._runner.run_state import StopRunning
from streamlib._runner.session import Session
from streamlib._runner.throttled_log import SilenceWarning
from streamlib._runner.user_code import UserCode, send_result
from streamlib.context import Context
from streamlib.processor import ProcessorError, ProcessorSpec, nearest
from streamlib.schema import Schema

#: How long a continuous loop that has nothing to do waits for a message before it turns again, in seconds.
IDLE_WAIT = 0.02


class StartFailed(Exception):
    """A manual ``start()`` raised; the host has the report."""


class Runner:
    """What the kinds have in common: calling the user's code, and settling with the host afterwards."""

    def __init__(self, session: Session, spec: ProcessorSpec, code: UserCode, ctx: Context) -> None:
        self.session = session
        self.spec = spec
        self.code = code
        self.ctx = ctx
        self.processed = 0
        self.sticky: dict[str, Schema | None] = {port.name: None for port in session.inputs}
        self._cannot_send = code.cannot_send
        self._silence = SilenceWarning(spec.outputs) if spec.outputs else None

    def run(self) -> None:
        raise NotImplementedError

    def taken(self) -> int:
        inputs = self.session.inputs
        return inputs[0].taken if len(inputs) == 1 else sum(port.taken for port in inputs)

    def call_process(self) -> None:
        """One call of the user's code. An exception is reported, and life goes on."""
        session, connection = self.session, self.session.connection
        connection.set_busy(True)
        try:
            if self.code.is_function:
                self._call_function()
            else:
                self.code.call("process", self.ctx)
        except (SystemExit, KeyboardInterrupt, StopRunning):
            raise
        except BaseException as error:
            # Also what the code's libraries raise past `except Exception`, as asyncio does.
            session.errors.report("process", error)
        finally:
            connection.set_busy(False)
        self.processed += 1
        if self._silence is not None and self._silence.over(any(port.sent for port in session.outputs)):
            self._silence = None
        connection.set_processed(self.processed)
        for port in session.inputs:
            port.finish()
            port.forget()
            port.flush_acks()

    def _call_function(self) -> None:
        frames = self.take_frames()
        if frames is None:
            return
        result = self.code.call_function(frames, self.ctx)
        # Let go of before the outputs are sent, so that acknowledgements and memory travel with them. Not cleared: it may be
        # what was returned, or what the code keeps.
        del frames
        for port in self.session.inputs:
            port.finish()
        send_result(result, self.ctx, self.spec.outputs, self.spec.name)
        if self._cannot_send:
            raise ProcessorError(
                f"{self.spec.name} returns nothing, so nothing is ever sent to its output{nearest('', self.spec.outputs)}; "
                "end it with `return` and a frame"
            )

    def take_frames(self) -> dict[str, Any] | None:
        raise NotImplementedError


class ReactiveRunner(Runner):
    """Each input frame calls ``process``."""

    def run(self) -> None:
        session, state = self.session, self.session.state
        inputs = session.inputs
        waiting = [port.waiting for port in inputs]
        only = waiting[0] if len(waiting) == 1 else None

        def wanted() -> bool:
            return bool(only) or state.stopping or (only is None and any(waiting))

        while True:
            if wanted():
                # These came while the user's code was busy: a stop takes effect, and acknowledgements count, though more frames
                # wait, and there may be newer ones.
                session.drain()
            elif not session.receive_until(wanted):
                return
            if state.stopping:
                return
            before = self.taken()
            self.call_process()
            if self.taken() == before:
                # The call was for a frame that it did not want.
                for port in inputs:
                    port.discard_oldest()
                session.poller.flush()

    def take_frames(self) -> dict[str, Any] | None:
        """The new frames, and of inputs without one the last: called once all inputs have had a frame."""
        inputs = self.session.inputs
        if len(inputs) == 1:
            return {inputs[0].name: inputs[0].take()}
        for port in inputs:
            frame = port.take()
            if frame is not None:
                self.sticky[port.name] = frame
        if any(frame is None for frame in self.sticky.values()):
            return None
        return dict(self.sticky)


class ContinuousRunner(Runner):
    """``process`` runs in a loop, with the newest input if there is one."""

    def run(self) -> None:
        session = self.session
        while not session.state.stopping:
            session.drain()
            if session.state.stopping:
                return
            before = self._activity()
            seen = session.messages_taken
            self.call_process()
            if self._activity() == before and not any(session.inputs):
                # Nothing taken, nothing sent (or only into a full window): an empty loop must not burn a processor.
                session.wait_for_messages(seen, IDLE_WAIT)

    def _activity(self) -> int:
        return self.taken() + sum(port.sent for port in self.session.outputs)

    def take_frames(self) -> dict[str, Any] | None:
        return {port.name: port.take() for port in self.session.inputs}


class ManualRunner(Runner):
    """``start`` runs once, and sends when it likes."""

    def run(self) -> None:
        session, state = self.session, self.session.state
        state.unwind = threading.get_ident()
        for port in session.inputs:
            port.settles_itself = True
        session.receive_in_background()
        try:
            self._start()
        except StopRunning:
            pass
        except (SystemExit, KeyboardInterrupt):
            raise
        except BaseException as error:
            session.errors.report("start", error, fatal=True)
            raise StartFailed from error
        finally:
            state.unwind = None
        session.poller.flush()
        # A class with a stop() may have started threads of its own, which it ends there; it says itself when it is done.
        if not self.code.has("stop") and not state.stopping:
            state.finish()
        state.wait_for_stop()

    def _start(self) -> None:
        if not self.code.is_function:
            self.code.call("start", self.ctx)
            return
        result = self.code.call_function(None, self.ctx)
        if inspect.isgenerator(result):
            try:
                while True:
                    item = next(result)
                    send_result(item, self.ctx, self.spec.outputs, self.spec.name, "yielded")
                    if self.session.state.stopping:
                        return
            except StopIteration as end:
                # `return frame` after the last `yield` means to send that one too.
                send_result(end.value, self.ctx, self.spec.outputs, self.spec.name)
            finally:
                result.close()
        else:
            send_result(result, self.ctx, self.spec.outputs, self.spec.name)


RUNNERS: Mapping[str, type[Runner]] = {
    "reactive": ReactiveRunner,
    "continuous": ContinuousRunner,
    "manual": ManualRunner,
}

"""Reactive processors that go wrong in the ways that a test asks for."""

import os
import signal

import streamlib
from streamlib import VideoFrame


@streamlib.processor(execution="reactive", inputs={"video_in": VideoFrame}, outputs={"video_out": VideoFrame})
class Forward:
    """Hands frames on as they are; `config.raise_on` and `config.die_on` name frames that go wrong."""

    def setup(self, ctx):
        self.raise_on = ctx.config.get("raise_on")
        self.die_on = ctx.config.get("die_on")
        print("forward is set up")

    def process(self, ctx):
        frame = ctx.input("video_in").get()
        if frame is None:
            return
        number = frame["frame_number"]
        if number == self.raise_on:
            raise ValueError(f"frame {number} is not to my taste")
        if number == self.die_on:
            os.kill(os.getpid(), signal.SIGKILL)
        ctx.output("video_out").set(frame)


@streamlib.processor(execution="reactive", inputs={"video_in": VideoFrame}, outputs={"video_out": VideoFrame})
class BadSetup:
    def setup(self, ctx):
        raise RuntimeError("no model found")

    def process(self, ctx):
        pass


@streamlib.processor(execution="reactive", inputs={"video_in": VideoFrame}, outputs={"video_out": VideoFrame})
class Stubborn:
    """Does not end when it is asked to."""

    def setup(self, ctx):
        signal.signal(signal.SIGTERM, signal.SIG_IGN)

    def process(self, ctx):
        pass

    def teardown(self, ctx):
        import threading

        threading.Event().wait()

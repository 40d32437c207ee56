"""Stages for graphs in which Python processors feed one another."""

import json
import os
import signal
import threading

import numpy as np
import streamlib
from streamlib import VideoFrame


@streamlib.processor(inputs={"video_in": VideoFrame}, outputs={"video_out": VideoFrame})
def add_one(inputs):
    """A picture of its own, one brighter."""
    return VideoFrame.from_numpy(inputs["video_in"].to_numpy() + 1)


@streamlib.processor(inputs={"video_in": VideoFrame}, outputs={"video_out": VideoFrame})
class Pass:
    """Hands frames on without a copy; `config.die_on` names one that it does not survive, `config.wait_s` delays each."""

    def setup(self, ctx):
        self.die_on = ctx.config.get("die_on")
        self.pause = ctx.config.get("wait_s", 0)

    def process(self, ctx):
        frame = ctx.input("video_in").get()
        if frame["frame_number"] == self.die_on:
            os.kill(os.getpid(), signal.SIGKILL)
        if self.pause:
            threading.Event().wait(self.pause)
        ctx.output("video_out").set(frame)


@streamlib.processor(execution="manual", outputs={"video_out": VideoFrame})
class Source:
    """Sends `config.count` frames, the n-th filled with n; more slowly with `config.every_s`."""

    def start(self, ctx):
        every = ctx.config.get("every_s", 0)
        for number in range(ctx.config.get("count", 20)):
            pixels = np.full((8, 16, 3), number & 255, dtype=np.uint8)
            ctx.output("video_out").set(VideoFrame.from_numpy(pixels, ctx.now_ns(), number))
            if every and ctx.wait(every):
                return


@streamlib.processor(execution="continuous", outputs={"video_out": VideoFrame})
class Loop:
    """A continuous source."""

    def setup(self, ctx):
        self.number = 0

    def process(self, ctx):
        if self.number < ctx.config.get("count", 20):
            pixels = np.full((8, 16, 3), self.number & 255, dtype=np.uint8)
            if ctx.output("video_out").set(VideoFrame.from_numpy(pixels, ctx.now_ns(), self.number)):
                self.number += 1


@streamlib.processor(inputs={"a": VideoFrame, "b": VideoFrame}, outputs={"video_out": VideoFrame})
class Join:
    """Hands on what comes at either input."""

    def process(self, ctx):
        for name in ("a", "b"):
            frame = ctx.input(name).get()
            if frame is not None:
                ctx.output("video_out").set(frame)


@streamlib.processor(inputs={"video_in": VideoFrame})
class Keep:
    """Writes what it saw of each frame into `config.file`, a line each; `config.gate` names a file that it waits for first."""

    def setup(self, ctx):
        self.file = open(ctx.config["file"], "a", buffering=1)
        self.gate = ctx.config.get("gate")
        self.gated = ctx.config.get("from", 0)
        print("keeping")

    def process(self, ctx):
        frame = ctx.input("video_in").get()
        number = frame["frame_number"]
        pixels = frame["pixel_buffer"].to_numpy()
        if self.gate and number >= self.gated:
            with open(self.gate) as gate:  # a fifo: opening it waits until somebody writes
                gate.read()
            self.gate = None
        line = {"number": number, "first": int(pixels.flat[0]), "last": int(pixels.flat[-1]), "at": ctx.now_ns()}
        self.file.write(json.dumps(line) + "\n")

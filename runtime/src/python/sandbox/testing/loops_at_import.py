import streamlib
from streamlib import VideoFrame


@streamlib.processor(inputs={"video_in": VideoFrame}, outputs={"video_out": VideoFrame})
class Loops:
    def setup(self, ctx):
        while True:
            pass

    def process(self, inputs):
        return None

"""Imports in peace when it is inspected, and dies when it is run."""

import os
import sys

import streamlib
from streamlib import VideoFrame

if "STREAMLIB_CONNECTION_ID" in os.environ:
    print("the licence has expired", file=sys.stderr)
    os._exit(7)


@streamlib.processor(inputs={"video_in": VideoFrame}, outputs={"video_out": VideoFrame})
def nothing(inputs):
    return None

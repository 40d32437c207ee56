/** Complete processors, from which an agent that never saw the project learns the form. */
export const PYTHON_EXAMPLES = [
  {
    title: 'A filter: a function that is called for each frame',
    code: `import streamlib
from streamlib import VideoFrame


@streamlib.processor(inputs={"video_in": VideoFrame}, outputs={"video_out": VideoFrame})
def invert(inputs):
    # A read-only numpy array of shape (height, width, 3), dtype uint8, channels in the order red, green, blue.
    pixels = inputs["video_in"].to_numpy()
    return {"video_out": VideoFrame.from_numpy(255 - pixels)}
`,
  },
  {
    title: 'A detector: a class with state, a picture and data as outputs, and configuration',
    code: `import cv2
import streamlib
from streamlib import BoundingBox, ObjectDetections, VideoFrame


@streamlib.processor(
    inputs={"video_in": VideoFrame},
    outputs={"video_out": VideoFrame, "objects": ObjectDetections},
)
class FaceDetector:
    def setup(self, ctx):
        self.cascade = cv2.CascadeClassifier(cv2.data.haarcascades + "haarcascade_frontalface_default.xml")
        self.smallest = ctx.config.get("smallest", 60)

    def process(self, ctx):
        frame = ctx.input("video_in").get()
        if frame is None:
            return
        # Input pixels are read-only: draw into a copy.
        picture = frame.to_numpy().copy()
        gray = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
        faces = self.cascade.detectMultiScale(gray, 1.1, 5, minSize=(self.smallest, self.smallest))
        for x, y, width, height in faces:
            cv2.rectangle(picture, (x, y), (x + width, y + height), (80, 255, 120), 3)
        ctx.output("objects").set(
            ObjectDetections(
                detections=[
                    BoundingBox(x=x, y=y, width=width, height=height, label="face", confidence=1.0)
                    for x, y, width, height in faces
                ]
            )
        )
        ctx.output("video_out").set(VideoFrame.from_numpy(picture))
`,
  },
  {
    title: 'A source: a generator that sends what it yields',
    code: `import numpy as np
import streamlib
from streamlib import VideoFrame


@streamlib.processor(execution="manual", outputs={"video": VideoFrame})
def bars(ctx):
    number = 0
    while not ctx.wait(1 / 30):
        picture = np.zeros((360, 640, 3), np.uint8)
        picture[:, number * 8 % 640 :][:, :8] = 255
        yield VideoFrame.from_numpy(picture, ctx.now_ns(), number)
        number += 1
`,
  },
] as const;

# /// script
# dependencies = ["numpy", "opencv-python-headless>=4.10,<5"]
# ///
"""Called for each frame: finds faces, tells them as data, and draws them into the picture."""

import cv2
import streamlib
from streamlib import BoundingBox, ObjectDetections, VideoFrame

GREEN = (80, 255, 120)


@streamlib.processor(
    execution="reactive",
    inputs={"video_in": VideoFrame},
    outputs={"video_out": VideoFrame, "faces": ObjectDetections},
)
class FaceDetector:
    def setup(self, ctx):
        self.cascade = cv2.CascadeClassifier(cv2.data.haarcascades + "haarcascade_frontalface_default.xml")
        self.smallest = ctx.config.get("smallest", 80)

    def process(self, ctx):
        frame = ctx.input("video_in").get()
        if frame is None:
            return
        pixels = frame.to_numpy()
        gray = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
        faces = self.cascade.detectMultiScale(gray, 1.2, 5, minSize=(self.smallest, self.smallest))
        boxes = [
            BoundingBox(x=x, y=y, width=width, height=height, label="face", confidence=1.0)
            for x, y, width, height in faces
        ]
        # Input pixels are read-only, because others may be looking at them: the boxes go into a picture of our own.
        out = ctx.output("video_out").loan(pixels.shape)
        out[:] = pixels
        for x, y, width, height in faces:
            cv2.rectangle(out, (x, y), (x + width, y + height), GREEN, 3)
            cv2.putText(out, "face", (x, y - 8), cv2.FONT_HERSHEY_SIMPLEX, 0.7, GREEN, 2)
        ctx.output("faces").set(ObjectDetections(detections=boxes))
        ctx.output("video_out").set(VideoFrame.from_numpy(out))

"""What the scripted agent writes: finds faces, tells them as data, and boxes them in the picture."""

import cv2
import streamlib
from streamlib import BoundingBox, ObjectDetections, VideoFrame

GREEN = (80, 255, 120)


@streamlib.processor(
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
        # Input pixels are read-only, because others may be looking at them.
        picture = frame.to_numpy().copy()
        gray = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
        faces = self.cascade.detectMultiScale(gray, 1.2, 5, minSize=(self.smallest, self.smallest))
        boxes = []
        for x, y, width, height in faces:
            cv2.rectangle(picture, (x, y), (x + width, y + height), GREEN, 3)
            boxes.append(BoundingBox(x=x, y=y, width=width, height=height, label="face", confidence=1.0))
        ctx.output("faces").set(ObjectDetections(detections=boxes))
        ctx.output("video_out").set(VideoFrame.from_numpy(picture))

/** Draws the newest picture at the screen's next turn. */
export class Picture {
  #canvas;
  #context;
  #next = null;

  constructor(canvas, onShown) {
    this.#canvas = canvas;
    this.#context = canvas.getContext('2d', { alpha: false });
    this.onShown = onShown;
  }

  /** Settles when the picture is decoded. It is shown soon after, unless a newer one comes first. */
  async show(frame) {
    const bitmap = await createImageBitmap(new Blob([frame.jpeg], { type: 'image/jpeg' }));
    if (this.#next === null) requestAnimationFrame(() => this.#draw());
    else this.#next.bitmap.close();
    this.#next = { frame, bitmap };
  }

  #draw() {
    const { frame, bitmap } = this.#next;
    this.#next = null;
    if (this.#canvas.width !== bitmap.width || this.#canvas.height !== bitmap.height) {
      this.#canvas.width = bitmap.width;
      this.#canvas.height = bitmap.height;
    }
    this.#context.drawImage(bitmap, 0, 0);
    bitmap.close();
    this.onShown(frame);
  }
}

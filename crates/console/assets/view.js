// Which part of the island is on the screen, and the gestures that change it. Lengths are metres and CSS pixels.

const CLOSEST = 40; // pixels per metre
const PADDING = 26; // pixels around the land when it is shown whole
const TITLE = 56; // pixels above it, for the title
const STEP = 80; // pixels that an arrow key moves

export class View {
  constructor(canvas) {
    this.canvas = canvas;
    this.side = 960;
    this.land = { x: [0, this.side], y: [0, this.side] };
    this.x = this.y = this.side / 2;
    this.scale = 1;
    this.moved = false; // by hand: then a resize keeps the place instead of fitting again
    this.stamp = 0; // raised by every change
    this.pointers = new Map();
    this.onProbe = () => {};
    this.#listen();
    new ResizeObserver(() => (this.moved ? this.#changed() : this.fit())).observe(canvas);
  }

  get width() { return this.canvas.clientWidth; }
  get height() { return this.canvas.clientHeight; }

  /** The island's side, and the land on it (`{x: [from, to], y: [from, to]}`) that is shown at first. */
  setIsland(sideMetres, land) {
    this.side = sideMetres;
    this.land = land ?? { x: [0, sideMetres], y: [0, sideMetres] };
    this.fit();
  }

  fit() {
    this.moved = false;
    const { x, y } = this.land;
    this.scale = this.#whole();
    this.x = (x[0] + x[1]) / 2;
    this.y = (y[0] + y[1]) / 2 - (TITLE - PADDING) / 2 / this.scale;
    this.#changed();
  }

  toScreen(x, y) {
    return [(x - this.x) * this.scale + this.width / 2, (y - this.y) * this.scale + this.height / 2];
  }

  toIsland(px, py) {
    return [(px - this.width / 2) / this.scale + this.x, (py - this.height / 2) / this.scale + this.y];
  }

  /** Zooms by a factor; the place under the pixel stays there. */
  zoom(factor, px = this.width / 2, py = this.height / 2) {
    const [x, y] = this.toIsland(px, py);
    this.scale = Math.min(CLOSEST, Math.max(this.#whole() * 0.4, this.scale * factor));
    this.x = x - (px - this.width / 2) / this.scale;
    this.y = y - (py - this.height / 2) / this.scale;
    this.moved = true;
    this.#changed();
  }

  pan(px, py) {
    this.x -= px / this.scale;
    this.y -= py / this.scale;
    this.moved = true;
    this.#changed();
  }

  #whole() {
    const { x, y } = this.land;
    const across = (this.width - 2 * PADDING) / (x[1] - x[0]);
    const down = (this.height - PADDING - TITLE) / (y[1] - y[0]);
    return Math.max(0.02, Math.min(across, down, CLOSEST));
  }

  #changed() {
    this.x = Math.min(this.side, Math.max(0, this.x));
    this.y = Math.min(this.side, Math.max(0, this.y));
    this.stamp += 1;
  }

  #listen() {
    const on = (kind, then, options) => this.canvas.addEventListener(kind, then, options);
    on("wheel", (e) => {
      e.preventDefault();
      const lines = e.deltaMode === 1 ? 24 : 1;
      this.zoom(Math.exp(-Math.max(-240, Math.min(240, e.deltaY * lines)) * 0.0016), e.offsetX, e.offsetY);
    }, { passive: false });
    on("dblclick", (e) => this.zoom(2, e.offsetX, e.offsetY));
    on("keydown", (e) => this.#key(e));
    on("focus", () => { if (this.canvas.matches(":focus-visible")) this.#probeMiddle(); });
    on("blur", () => this.onProbe(null));
    on("pointerdown", (e) => {
      this.canvas.setPointerCapture(e.pointerId);
      this.pointers.set(e.pointerId, { x: e.offsetX, y: e.offsetY, travelled: 0 });
    });
    on("pointermove", (e) => this.#pointerMoved(e));
    on("pointerup", (e) => {
      const pointer = this.pointers.get(e.pointerId);
      this.pointers.delete(e.pointerId);
      if (pointer && pointer.travelled < 6) this.onProbe(e.offsetX, e.offsetY);
    });
    on("pointercancel", (e) => this.pointers.delete(e.pointerId));
    on("pointerleave", (e) => { if (e.pointerType === "mouse") this.onProbe(null); });
  }

  #pointerMoved(e) {
    const pointer = this.pointers.get(e.pointerId);
    if (!pointer) {
      this.onProbe(e.offsetX, e.offsetY);
      return;
    }
    const [dx, dy] = [e.offsetX - pointer.x, e.offsetY - pointer.y];
    const other = [...this.pointers.entries()].find(([id]) => id !== e.pointerId)?.[1];
    if (other) {
      const before = Math.hypot(pointer.x - other.x, pointer.y - other.y);
      const after = Math.hypot(e.offsetX - other.x, e.offsetY - other.y);
      if (before > 0) this.zoom(after / before, (e.offsetX + other.x) / 2, (e.offsetY + other.y) / 2);
      this.pan(dx / 2, dy / 2);
    } else {
      this.pan(dx, dy);
    }
    pointer.travelled += Math.abs(dx) + Math.abs(dy);
    pointer.x = e.offsetX;
    pointer.y = e.offsetY;
    if (pointer.travelled >= 6) this.onProbe(null);
  }

  #key(e) {
    if (e.ctrlKey || e.metaKey || e.altKey) return;
    const act = {
      ArrowLeft: () => this.pan(STEP, 0),
      ArrowRight: () => this.pan(-STEP, 0),
      ArrowUp: () => this.pan(0, STEP),
      ArrowDown: () => this.pan(0, -STEP),
      "+": () => this.zoom(1.4),
      "=": () => this.zoom(1.4),
      "-": () => this.zoom(1 / 1.4),
      "0": () => this.fit(),
      Home: () => this.fit(),
    }[e.key];
    if (!act) return;
    e.preventDefault();
    act();
    this.#probeMiddle();
  }

  #probeMiddle() {
    this.onProbe(this.width / 2, this.height / 2, true);
  }
}

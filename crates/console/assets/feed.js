// The live feed: the WebSocket with its reconnect, and positions between two frames.

const DELAY_MS = 320; // how far behind the server the page draws: one frame and a little
const KEPT = 6; // frames kept to draw between
const JUMP = 15 * 120; // units within one frame beyond which an entity is set down, not slid: 15 m
const QUIET_MS = 4000; // without a frame for this long the connection counts as lost
const RETRY_MS = [500, 1000, 2000, 4000];

export class Feed {
  constructor() {
    this.frames = [];
    this.received = 0;
    this.link = "connecting";
    this.retryAt = 0;
    this.onFrame = () => {};
    this.onLink = () => {};
    this.tries = 0;
    this.offset = null; // local clock minus server clock, in milliseconds
    setInterval(() => this.#watch(), 500);
    document.addEventListener("visibilitychange", () => { if (!document.hidden) this.#watch(); });
    this.connect();
  }

  get latest() { return this.frames.at(-1); }

  connect() {
    clearTimeout(this.timer);
    if (this.socket) {
      this.socket.onclose = this.socket.onmessage = null;
      this.socket.close();
    }
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    this.socket = new WebSocket(`${scheme}://${location.host}/live`);
    this.heardAt = performance.now();
    this.socket.onmessage = (message) => this.#take(JSON.parse(message.data));
    this.socket.onclose = () => this.#lost();
  }

  #take(frame) {
    const now = performance.now();
    this.heardAt = now;
    this.received += 1;
    this.tries = 0;
    if (this.latest && frame.at_ms < this.latest.at_ms) this.#forget(); // another server, another clock
    frame.byId = new Map(frame.entities.map((row) => [row[0], row]));
    this.frames.push(frame);
    if (this.frames.length > KEPT) this.frames.shift();
    // The quickest frame shows the true distance of the clocks; slower ones draw it back only a little.
    const offset = now - frame.at_ms;
    const drift = this.offset === null || offset < this.offset ? 1 : 0.02;
    this.offset = (this.offset ?? offset) + (offset - (this.offset ?? offset)) * drift;
    this.#set("live");
    this.onFrame(frame);
  }

  #forget() {
    this.frames = [];
    this.offset = null;
  }

  #lost() {
    const wait = RETRY_MS[Math.min(this.tries, RETRY_MS.length - 1)];
    this.tries += 1;
    this.retryAt = performance.now() + wait;
    this.#set("lost");
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.connect(), wait);
  }

  #watch() {
    if (document.hidden || this.socket.readyState > WebSocket.OPEN) return;
    if (performance.now() - this.heardAt > QUIET_MS) {
      this.socket.onclose = null;
      this.socket.close();
      this.#lost();
    }
  }

  #set(link) {
    if (this.link === link && link === "live") return;
    if (this.link === "lost" && link === "live") this.frames.splice(0, this.frames.length - 1);
    this.link = link;
    this.onLink(link);
  }

  /** Every entity with the place at which to draw it now: `{row, x, y}` in units. */
  entitiesNow() {
    if (!this.latest) return [];
    const at = performance.now() - this.offset - DELAY_MS;
    let next = this.frames.findIndex((frame) => frame.at_ms > at);
    if (next < 0) next = this.frames.length - 1;
    const b = this.frames[next];
    const a = this.frames[Math.max(0, next - 1)];
    const span = b.at_ms - a.at_ms;
    const part = span > 0 ? Math.min(1, Math.max(0, (at - a.at_ms) / span)) : 1;
    return b.entities.map((row) => {
      const from = a.byId.get(row[0]) ?? row;
      const [dx, dy] = [row[1] - from[1], row[2] - from[2]];
      const slide = Math.abs(dx) > JUMP || Math.abs(dy) > JUMP ? 1 : part;
      return { row, x: from[1] + dx * slide, y: from[2] + dy * slide };
    });
  }
}

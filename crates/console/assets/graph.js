// The mesh: nodes on a circle, a curve for each direction of a link, as wide as its traffic.

import { context, fitCanvas, nodeColour, pageColour } from "/theme.js";
import { bytes } from "/panels.js";

const still = matchMedia("(prefers-reduced-motion: reduce)");
const LABELS_UP_TO = 12; // curves up to which each has its rate written on it; beyond, those of the selected node

export class LinkGraph {
  constructor(canvas) {
    this.canvas = canvas;
  }

  /** Traffic is seen to flow only while the feed is live. */
  draw(frame, focus, live) {
    fitCanvas(this.canvas);
    const ctx = context(this.canvas);
    const [width, height] = [this.canvas.clientWidth, this.canvas.clientHeight];
    ctx.clearRect(0, 0, width, height);
    const places = circle(frame.nodes.length, width, height);
    const most = Math.max(1, ...frame.links.map((link) => link[3]));
    const links = frame.links.filter(([from, to]) => places[from] && places[to]);
    for (const link of links) this.#drawLink(ctx, frame, link, places, most, focus, live);
    if (links.length <= LABELS_UP_TO || focus !== null) {
      for (const link of links) if (!isAway(frame, link, focus)) label(ctx, link, places);
    }
    frame.nodes.forEach((node, i) => drawNode(ctx, node, places[i], width / 2, focus));
  }

  #drawLink(ctx, frame, link, places, most, focus, live) {
    const [fromIndex, toIndex, , rate, , up] = link;
    const [from, to] = [places[fromIndex], places[toIndex]];
    const colour = nodeColour(frame.nodes[fromIndex]);
    const curve = bend(from, to);
    ctx.globalAlpha = isAway(frame, link, focus) ? 0.1 : up ? 0.75 : 1;
    ctx.strokeStyle = up ? colour : pageColour("lost");
    ctx.lineWidth = up ? 0.8 + 2.6 * Math.sqrt(rate / most) : 1.5;
    ctx.setLineDash(up ? [] : [3, 5]);
    ctx.beginPath();
    ctx.moveTo(from.x, from.y);
    ctx.quadraticCurveTo(curve.x, curve.y, to.x, to.y);
    ctx.stroke();
    ctx.setLineDash([]);
    if (live && up && rate > 0 && !still.matches) this.#drawPulse(ctx, colour, from, curve, to, rate / most);
    ctx.globalAlpha = 1;
  }

  #drawPulse(ctx, colour, from, curve, to, share) {
    const seconds = performance.now() / 1000;
    const t = (seconds * (0.16 + 0.24 * share) + from.x * 0.013) % 1;
    const at = along(from, curve, to, t);
    ctx.fillStyle = colour;
    ctx.beginPath();
    ctx.arc(at.x, at.y, 2.6, 0, 2 * Math.PI);
    ctx.fill();
  }
}

function circle(count, width, height) {
  const corners = count === 4; // four stand in the corners, where the names have room
  const stretch = corners ? Math.SQRT2 : 1;
  const turn = corners ? Math.PI / 4 : 0;
  const [rx, ry] = [(width / 2 - 66) * stretch, (height / 2 - 26) * stretch];
  return Array.from({ length: count }, (_, i) => {
    const angle = (i / count) * 2 * Math.PI - Math.PI / 2 - turn;
    const wide = count === 1 ? 0 : 1;
    return { x: width / 2 + Math.cos(angle) * rx * wide, y: height / 2 + Math.sin(angle) * ry * wide };
  });
}

/** The point towards which a curve bends: to its right, so that the two directions part. */
function bend(from, to) {
  const [dx, dy] = [to.x - from.x, to.y - from.y];
  const length = Math.hypot(dx, dy) || 1;
  const out = 16 + length * 0.07;
  return { x: (from.x + to.x) / 2 - (dy / length) * out, y: (from.y + to.y) / 2 + (dx / length) * out };
}

function along(a, b, c, t) {
  const u = 1 - t;
  return { x: u * u * a.x + 2 * u * t * b.x + t * t * c.x, y: u * u * a.y + 2 * u * t * b.y + t * t * c.y };
}

/** Neither end is the selected node. */
function isAway(frame, [from, to], focus) {
  return focus !== null && frame.nodes[from].id !== focus && frame.nodes[to].id !== focus;
}

/** Past the middle, so that labels of crossing links do not meet. */
function label(ctx, [fromIndex, toIndex, , rate, gaps, up], places) {
  const [from, to] = [places[fromIndex], places[toIndex]];
  const at = along(from, bend(from, to), to, 0.7);
  const text = up ? bytes(rate) : "down";
  ctx.font = "10px system-ui, sans-serif";
  ctx.textAlign = "center";
  ctx.textBaseline = "middle";
  ctx.lineWidth = 4;
  ctx.lineJoin = "round";
  ctx.strokeStyle = pageColour("paper");
  const words = gaps > 0 ? `${text} · ${gaps} gaps` : text;
  ctx.strokeText(words, at.x, at.y);
  ctx.fillStyle = pageColour("soft");
  ctx.fillText(words, at.x, at.y);
}

function drawNode(ctx, node, { x, y }, middle, focus) {
  ctx.globalAlpha = focus !== null && node.id !== focus ? 0.4 : 1;
  ctx.fillStyle = pageColour("paper");
  ctx.beginPath();
  ctx.arc(x, y, 10, 0, 2 * Math.PI);
  ctx.fill();
  ctx.fillStyle = nodeColour(node);
  ctx.beginPath();
  ctx.arc(x, y, 7, 0, 2 * Math.PI);
  ctx.fill();
  ctx.font = "600 12px system-ui, sans-serif";
  ctx.textBaseline = "middle";
  ctx.fillStyle = pageColour("ink");
  const side = Math.abs(x - middle) < 8 ? 0 : Math.sign(x - middle);
  ctx.textAlign = ["right", "center", "left"][side + 1];
  ctx.fillText(node.name, x + side * 14, side === 0 ? y - 18 : y, 70);
  ctx.globalAlpha = 1;
}

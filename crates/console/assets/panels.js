// The panel beside the map, the title, the legend and the tip. All text is set as text, never as markup.

import { isNight, nodeColour } from "/theme.js";

const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const short = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });
const exact = new Intl.NumberFormat("en", { maximumFractionDigits: 2 });
const GAITS = ["standing", "creeping", "walking", "striding", "jogging", "running", "sprinting", "galloping"];
const byId = (id) => document.getElementById(id);

export const bytes = (rate) => (rate < 1000 ? `${whole.format(rate)} B/s` : `${exact.format(round2(rate / 1000))} kB/s`);
const round2 = (kilo) => (kilo >= 10 ? Math.round(kilo) : Math.round(kilo * 10) / 10);
const count = (n) => (n < 10_000 ? whole : short).format(n);
const plural = (n, word, words = `${word}s`) => `${whole.format(n)} ${n === 1 ? word : words}`;

/** An element with properties and children. */
function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

/** Makes a list have one element for each key, in order, and keeps those it has (and with them the focus). */
function keyed(list, items, keyOf, create, update) {
  const old = new Map([...list.children].map((child) => [child.dataset.key, child]));
  const met = new Map(); // the second of two alike gets a key of its own
  items.forEach((item, i) => {
    const plain = String(keyOf(item));
    const before = met.get(plain) ?? 0;
    met.set(plain, before + 1);
    const key = before === 0 ? plain : `${plain} #${before}`;
    let child = old.get(key);
    old.delete(key);
    if (!child) {
      child = create(item);
      child.dataset.key = key;
    }
    if (list.children[i] !== child) list.insertBefore(child, list.children[i] ?? null);
    update(child, item);
  });
  old.forEach((child) => child.remove());
}

function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function figures(list, pairs) {
  const create = ([name]) => make("div", {}, make("dt", { textContent: name }), make("dd"));
  keyed(list, pairs, ([name]) => name, create, (row, [, value]) => setText(row.lastChild, value));
}

export function showWorld(frame) {
  const { cluster, island } = frame;
  setText(byId("cluster"), cluster.name || "Tombolo");
  const parts = [`island ${island.id}`, `seed ${island.seed}`, `${cluster.tick_hz} Hz`, `up ${duration(cluster.uptime_s)}`];
  setText(byId("about"), [...parts, cluster.software].filter(Boolean).join(" · "));
  document.title = `${cluster.name || "Tombolo"} · map`;

  const sum = (of) => frame.nodes.reduce((total, node) => total + node[of], 0);
  const all = frame.entities.length + frame.entities_left_out;
  figures(byId("totals"), [
    ["entities", count(all)],
    ["sessions", count(sum("sessions"))],
    ["ghosts", count(sum("ghosts"))],
    ["chunks", count(frame.chunks.length)],
  ]);
  const leftOut = frame.entities_left_out ? [["entities not drawn", whole.format(frame.entities_left_out)]] : [];
  figures(byId("counters"), [...leftOut, ...Object.entries(frame.counters).map(readable)]);
  const up = frame.links.filter((link) => link[5]);
  const total = up.reduce((rate, link) => rate + link[3], 0);
  setText(byId("links-sum"), `${up.length} of ${plural(frame.links.length, "link")} up · ${bytes(total)}`);
  showEvents(frame.events);
}

/** `latency_p99_ms: 86` becomes `latency p99` and `86 ms`. */
function readable([name, value]) {
  const [, stem, unit] = /^(.*?)(?:_(total|ms|bytes|per_second|ratio))?$/.exec(name);
  const units = { ms: " ms", bytes: " B", per_second: " /s" };
  return [stem.replaceAll("_", " "), (value === null ? "–" : exact.format(value)) + (units[unit] ?? "")];
}

export function showNodes(nodes, focus, onSelect) {
  keyed(byId("nodes"), nodes, (node) => node.id, (node) => nodeRow(node, onSelect), (row, node) => {
    const button = row.firstChild;
    button.style.setProperty("--node", nodeColour(node));
    button.setAttribute("aria-pressed", String(node.id === focus));
    button.title = `incarnation ${node.id} on ${node.host}, clients at ${node.client_address}`;
    const [, name, lead, more, also] = button.children;
    setText(name.firstChild, node.name);
    setText(name.lastChild, node.state === "serving" ? "" : node.state);
    name.lastChild.dataset.state = node.state;
    setText(lead, plural(node.sessions, "session"));
    const entities = plural(node.entities, "entity").replace("entitys", "entities");
    setText(more, [entities, plural(node.ghosts, "ghost"), plural(node.streams, "stream")].join(" · "));
    setText(also, `sees ${plural(node.chunks_seen, "chunk")} · ticks ${node.tick_lag_ms.toFixed(1)} ms late`);
  });
}

function nodeRow(node, onSelect) {
  const name = make("span", { className: "name" }, make("span"), make("span", { className: "state" }));
  const button = make("button", { type: "button" }, make("i", { className: "lozenge" }), name,
    make("span", { className: "lead" }), make("span", { className: "more" }),
    make("span", { className: "more" }));
  button.addEventListener("click", () => onSelect(node.id));
  return make("li", {}, button);
}

function showEvents(events) {
  const create = () => make("li", {}, make("time"), make("span"));
  keyed(byId("events"), [...events].reverse(), (event) => `${event.at_ms} ${event.text}`, create, (row, event) => {
    row.dataset.severity = event.severity;
    setText(row.firstChild, new Date(event.at_ms).toLocaleTimeString([], { hour12: false }));
    setText(row.lastChild, event.text);
  });
}

export function showBiomes(palette) {
  const create = () => make("li", {}, make("i"), make("span"));
  keyed(byId("biomes"), palette, (swatch) => swatch.name, create, (row, swatch) => {
    row.firstChild.style.background = isNight() ? swatch.dark : swatch.light;
    setText(row.lastChild, swatch.name);
  });
}

/** What the tip says of an entity: a title and lines of text, some with the colour of a node. */
export function entityFacts(entity, frame, unitsPerMetre) {
  const [id, , , , gait, , nodeIndex, ghosts, name] = entity.row;
  const node = frame.nodes[nodeIndex];
  const metres = (units) => (units / unitsPerMetre).toFixed(1);
  return {
    title: name || `entity ${id}`,
    lines: [
      { text: `served by ${node?.name ?? "an unknown node"}`, node },
      { text: `${GAITS[gait] ?? "moving"} at ${metres(entity.x)}, ${metres(entity.y)} m` },
      { text: ghosts > 0 ? `ghost on ${plural(ghosts, "other node")}` : "no ghost elsewhere" },
      ...(name ? [{ text: `entity ${id}` }] : []),
    ],
  };
}

export function chunkFacts(cx, cy, chunk, frame, swatch) {
  const [, , viewers, publishers, step = 0, movers = 0, things] = chunk ?? [cx, cy, 0, []];
  const part = ([index, count]) => {
    const node = frame.nodes[index];
    return { text: `${node?.name ?? "unknown node"}: ${count}`, node };
  };
  return {
    title: `chunk ${cx}, ${cy}${swatch ? ` · ${swatch.name}` : ""}`,
    lines: [...publishers.map(part), ...crowdFacts(step, movers), ...thingFacts(things), { text: viewers > 0 ? `seen by ${plural(viewers, "node")}` : "nobody looks: it costs nothing" }],
  };
}

const STEPS = [
  "",
  "own and adjacent sub-cells at full rate, the rest at half",
  "slower with distance",
  "all take turns, within a budget",
  "all take turns, and nobody should be sent here",
];

function thingFacts([taken, piles, built, claimed] = [0, 0, 0, false]) {
  const parts = [
    built > 0 && plural(built, "building"),
    piles > 0 && plural(piles, "pile"),
    taken > 0 && `something taken of ${plural(taken, "plant or rock", "plants and rocks")}`,
    claimed && "somebody's land",
  ].filter(Boolean);
  return parts.length > 0 ? [{ text: parts.join(", ") }] : [];
}

function crowdFacts(step, movers) {
  return step > 0 ? [{ text: `a crowd of ${movers}, step ${step}: ${STEPS[step]}` }] : [];
}

export function showTip(facts, px, py, width, height) {
  const tip = byId("tip");
  tip.hidden = !facts;
  if (!facts) return;
  const lines = facts.lines.map(({ text, node }) => {
    const line = make("div", {}, text);
    if (node) {
      const swatch = make("i", { className: "swatch" });
      swatch.style.setProperty("--node", nodeColour(node));
      line.prepend(swatch);
    }
    return line;
  });
  tip.replaceChildren(make("b", { textContent: facts.title }), ...lines);
  const place = (at, size, room) => (at + 18 + size > room ? at - 18 - size : at + 18);
  tip.style.left = `${Math.max(6, place(px, tip.offsetWidth, width))}px`;
  tip.style.top = `${Math.max(6, place(py, tip.offsetHeight, height))}px`;
}

export function showScale(pixelsPerMetre) {
  const steps = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000];
  const metres = steps.find((step) => step * pixelsPerMetre >= 56) ?? steps.at(-1);
  byId("scale").style.width = `${metres * pixelsPerMetre}px`;
  setText(byId("scale-text"), metres < 1000 ? `${metres} m` : `${metres / 1000} km`);
}

function duration(seconds) {
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  if (h >= 48) return `${Math.floor(h / 24)} d`;
  return h > 0 ? `${h} h ${m} min` : m > 0 ? `${m} min ${s} s` : `${s} s`;
}

// The live map: joins the feed, the map and the panel. It only ever reads.

import { Feed } from "/feed.js";
import { LinkGraph } from "/graph.js";
import { WorldMap } from "/map.js";
import * as panels from "/panels.js";
import { fetchTerrain, swatchAt } from "/terrain.js";
import { nodeColour, onThemeChange } from "/theme.js";
import { View } from "/view.js";

const PANEL_MS = 500; // how often the figures change: often enough, and calm
const TERRAIN_RETRY_MS = 2000;
const byId = (id) => document.getElementById(id);

const view = new View(byId("entities"));
const map = new WorldMap(view, { ground: byId("ground"), chunks: byId("chunks"), entities: byId("entities") });
const graph = new LinkGraph(byId("links"));
const feed = new Feed();
let islandKey = null;
let focus = null;
let panelsAt = -Infinity;
let spoken = "";

feed.onFrame = (frame) => {
  map.setFrame(frame);
  const { id, seed, size_chunks } = frame.island;
  loadIsland(`${id}/${seed}/${size_chunks}`);
  if (performance.now() - panelsAt >= PANEL_MS) refreshPanels();
};

feed.onLink = (link) => {
  document.body.dataset.link = link;
  if (link === "lost") panelsAt = -Infinity;
  sayLost();
};

function sayLost() {
  if (feed.link !== "lost") return;
  const seconds = Math.max(0, Math.ceil((feed.retryAt - performance.now()) / 1000));
  const text = seconds > 0 ? `Connection lost. Trying again in ${seconds} s` : "Connection lost. Trying again…";
  if (byId("lost-text").textContent !== text) byId("lost-text").textContent = text;
}

async function loadIsland(key) {
  if (key === islandKey) return;
  islandKey = key;
  try {
    const terrain = await fetchTerrain();
    if (key !== islandKey) return;
    map.setTerrain(terrain);
    panels.showBiomes(terrain.palette);
  } catch {
    // The first frame after the pause asks again.
    setTimeout(() => { if (key === islandKey) islandKey = null; }, TERRAIN_RETRY_MS);
  }
}

function refreshPanels() {
  const frame = feed.latest;
  if (!frame) return;
  panelsAt = performance.now();
  if (focus !== null && !frame.nodes.some((node) => node.id === focus)) return select(null);
  panels.showWorld(frame);
  panels.showNodes(frame.nodes, focus, (id) => select(id === focus ? null : id));
  const root = document.documentElement.style;
  root.setProperty("--legend-a", nodeColour(frame.nodes[0]));
  root.setProperty("--legend-b", nodeColour(frame.nodes[1] ?? { colour: 1 }));
}

function select(id) {
  focus = id;
  map.setFocus(id);
  refreshPanels();
}

view.onProbe = (px, py, keyboard = false) => {
  map.setProbe(px === null ? null : { px, py, keyboard });
  if (px === null) panels.showTip(null);
};

function describeProbe() {
  if (!map.probe || !map.frame || feed.link !== "live") return panels.showTip(null);
  const { px, py, keyboard } = map.probe;
  const hit = map.hit();
  const [x, y] = view.toIsland(px, py);
  const [cx, cy] = [Math.floor(x / map.chunkM), Math.floor(y / map.chunkM)];
  const chunk = map.frame.chunks.find((one) => one[0] === cx && one[1] === cy);
  const facts = hit
    ? panels.entityFacts(hit, map.frame, map.unitsPerMetre)
    : panels.chunkFacts(cx, cy, chunk, map.frame, map.terrain && swatchAt(map.terrain, x, y));
  panels.showTip(facts, px, py, view.width, view.height);
  if (keyboard && facts.title !== spoken) {
    spoken = facts.title;
    byId("probe").textContent = [facts.title, ...facts.lines.map((line) => line.text)].join(", ");
  }
}

function everyPicture() {
  requestAnimationFrame(everyPicture);
  map.draw(feed.entitiesNow());
  describeProbe();
  if (feed.latest) graph.draw(feed.latest, focus, feed.link === "live");
  panels.showScale(view.scale);
}

onThemeChange(() => {
  map.restyle();
  if (map.terrain) panels.showBiomes(map.terrain.palette);
  refreshPanels();
});
setInterval(sayLost, 250);
byId("zoom-in").addEventListener("click", () => view.zoom(1.5));
byId("zoom-out").addEventListener("click", () => view.zoom(1 / 1.5));
byId("zoom-fit").addEventListener("click", () => view.fit());
byId("retry").addEventListener("click", () => feed.connect());
addEventListener("keydown", (e) => { if (e.key === "Escape" && focus !== null) select(null); });
everyPicture();

// For tests in a browser: what is on the map, as drawn.
window.__tombolo = Object.freeze({
  link: () => feed.link,
  framesReceived: () => feed.received,
  terrainLoaded: () => map.picture !== null,
  entityCount: () => map.drawn.length,
  nodeCount: () => feed.latest?.nodes.length ?? 0,
  positions: () => map.drawn.map(({ row, x, y, px, py }) => ({ id: row[0], node: row[6], x, y, px, py })),
});

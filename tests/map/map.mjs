// Looks at the live map in a real Chromium, as a person would:
//   node map.mjs URL OUT.png [--entities N] [--phone] [--dark] [--zoom FACTOR] [--wait SECONDS]
// Waits until N entities are drawn, demands that most of them moved within two seconds and that the page reported no
// error, and writes a screenshot. Exit code 0: all held. 1: something did not. 2: called wrongly.
// CHROMIUM names another browser than /usr/bin/chromium.

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { chromium } from "playwright-core";

const FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
  "--disable-background-networking", "--disable-component-update", "--disable-sync"];
const DESKTOP = { width: 1280, height: 800 };
const PHONE = { width: 390, height: 844 };
const MOVED_UNITS = 12; // 10 cm: more than jitter, less than two seconds of the slowest gait
const MOVED_SHARE = 0.5;

function usage(message) {
  console.error(`${message}\nusage: node map.mjs URL OUT.png [--entities N] [--phone] [--dark] [--zoom F] [--wait S]`);
  process.exit(2);
}

function readArguments() {
  const options = {
    entities: { type: "string", default: "1" },
    zoom: { type: "string", default: "1" },
    wait: { type: "string", default: "30" },
    phone: { type: "boolean", default: false },
    dark: { type: "boolean", default: false },
  };
  let parsed;
  try {
    parsed = parseArgs({ options, allowPositionals: true });
  } catch (error) {
    usage(error.message);
  }
  const { values, positionals } = parsed;
  if (positionals.length !== 2) usage("a URL and a file for the screenshot are needed");
  const numbers = { entities: Number(values.entities), zoom: Number(values.zoom), wait: Number(values.wait) };
  for (const [name, value] of Object.entries(numbers)) {
    if (!(value > 0)) usage(`--${name} must be a number above 0`);
  }
  return { url: positionals[0], file: positionals[1], ...values, ...numbers };
}

async function look(page, { url, file, entities, zoom, wait }, complaints) {
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) complaints.push(`${message.type()}: ${message.text()}`);
  });
  page.on("pageerror", (error) => complaints.push(`exception: ${error.message}`));
  page.on("requestfailed", (request) => complaints.push(`failed: ${request.url()}`));
  page.on("request", (request) => {
    if (new URL(request.url()).host !== new URL(url).host) complaints.push(`fetched from elsewhere: ${request.url()}`);
  });
  await page.goto(url);
  const ready = (count) => window.__tombolo?.terrainLoaded() && window.__tombolo.entityCount() >= count;
  await page.waitForFunction(ready, entities, { timeout: wait * 1000 }).catch(async () => {
    const count = await page.evaluate(() => window.__tombolo?.entityCount() ?? 0);
    throw new Error(`${count} entities drawn after ${wait} s, not ${entities}`);
  });

  const positions = () => page.evaluate(() => window.__tombolo.positions());
  const before = new Map((await positions()).map((entity) => [entity.id, entity]));
  await page.waitForTimeout(2000);
  const after = await positions();
  const kept = after.filter((entity) => before.has(entity.id));
  const moved = kept.filter((entity) => {
    const { x, y } = before.get(entity.id);
    return Math.hypot(entity.x - x, entity.y - y) >= MOVED_UNITS;
  });

  if (zoom !== 1) await zoomIn(page, zoom);
  await page.screenshot({ path: file });
  const nodes = new Set(after.map((entity) => entity.node)).size;
  const frames = await page.evaluate(() => window.__tombolo.framesReceived());
  console.log(JSON.stringify({ entities: after.length, kept: kept.length, moved: moved.length, nodes, frames, complaints }));
  if (moved.length < MOVED_SHARE * entities) throw new Error(`only ${moved.length} of ${entities} entities moved`);
  if (complaints.length > 0) throw new Error(`the page complained: ${complaints.join("; ")}`);
}

/** Zooms where most entities are, with the wheel. */
async function zoomIn(page, factor) {
  const [x, y] = await page.evaluate(() => {
    const box = document.getElementById("entities").getBoundingClientRect();
    const all = window.__tombolo.positions();
    const near = (a) => all.filter((b) => Math.hypot(a.px - b.px, a.py - b.py) < 60).length;
    const best = all.reduce((top, one) => (near(one) > near(top) ? one : top));
    return [box.x + best.px, box.y + best.py];
  });
  await page.mouse.move(x, y);
  const notch = 200;
  const notches = Math.round(Math.log(factor) / (notch * 0.0016));
  for (let i = 0; i < notches; i += 1) await page.mouse.wheel(0, -notch);
  await page.waitForTimeout(800);
}

const wanted = readArguments();
const profile = await mkdtemp(join(tmpdir(), "tombolo-map-"));
const complaints = [];
let browser;
let failed = false;
try {
  browser = await chromium.launchPersistentContext(profile, {
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: FLAGS,
    viewport: wanted.phone ? PHONE : DESKTOP,
    deviceScaleFactor: wanted.phone ? 2 : 1,
    hasTouch: wanted.phone,
    colorScheme: wanted.dark ? "dark" : "light",
  });
  await look(browser.pages()[0] ?? (await browser.newPage()), wanted, complaints);
} catch (error) {
  failed = true;
  console.error(`map: ${error.message}`);
  for (const complaint of complaints) console.error(`map: ${complaint}`);
} finally {
  await browser?.close();
  await rm(profile, { recursive: true, force: true });
}
process.exit(failed ? 1 : 0);

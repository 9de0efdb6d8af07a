// Looks at a report of `tombolo simulate --report` in a real Chromium:
//   node report.mjs FILE.html OUT.png [--plots id,id] [--phone] [--dark] [--full]
// Demands that every plot has data and was painted, that nothing is wider than the screen, that nothing is fetched and
// that the page reported no error. Exit code 0: all held. 1: something did not. 2: called wrongly.
// CHROMIUM names another browser than /usr/bin/chromium. The driver is that of tests/map.

import { createRequire } from "node:module";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { pathToFileURL } from "node:url";

const { chromium } = createRequire(new URL("../map/package.json", import.meta.url))("playwright-core");

const FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
  "--disable-background-networking", "--disable-component-update", "--disable-sync"];
const DESKTOP = { width: 1280, height: 900 };
const PHONE = { width: 390, height: 844 };

function readArguments() {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: {
        plots: { type: "string", default: "" },
        phone: { type: "boolean", default: false },
        dark: { type: "boolean", default: false },
        full: { type: "boolean", default: false },
      },
    });
    if (positionals.length !== 2) throw new Error("a page and a file for the screenshot are needed");
    return { page: positionals[0], file: positionals[1], ...values };
  } catch (error) {
    console.error(`${error.message}\nusage: node report.mjs FILE.html OUT.png [--plots id,id] [--phone] [--dark] [--full]`);
    process.exit(2);
  }
}

/** How many colours a canvas shows: one is an empty plot. */
const colours = (selector) => {
  const canvas = document.querySelector(selector);
  if (!canvas) return 0;
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  const seen = new Set();
  for (let n = 0; n < data.length; n += 4) if (data[n + 3] > 0) seen.add((data[n] << 16) | (data[n + 1] << 8) | data[n + 2]);
  return seen.size;
};

async function look(page, wanted) {
  const complaints = [];
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(`exception: ${error.message}`));
  page.on("request", (request) => {
    if (!request.url().startsWith("file:") && !request.url().startsWith("data:")) complaints.push(`fetched: ${request.url()}`);
  });
  await page.goto(pathToFileURL(resolve(wanted.page)).href);
  await page.waitForFunction(() => window.__report?.plots().length > 0, undefined, { timeout: 20_000 }).catch(() => {
    throw new Error(`nothing was drawn; ${complaints.join("; ")}`);
  });
  const plots = await page.evaluate(() => window.__report.plots());
  for (const id of wanted.plots.split(",").filter(Boolean)) {
    if (!plots.some((plot) => plot.id === id)) complaints.push(`there is no plot ${id}`);
  }
  for (const plot of plots) {
    if (plot.points === 0) complaints.push(`the plot ${plot.id} has no data`);
    const seen = await page.evaluate(colours, `#plot-${plot.id} canvas`);
    if (seen < 3) complaints.push(`the plot ${plot.id} is not painted: ${seen} colours`);
  }
  for (const id of await page.evaluate(() => [...document.querySelectorAll("canvas.heat")].map((canvas) => canvas.id))) {
    const seen = await page.evaluate(colours, `#${id}`);
    if (seen < 2) complaints.push(`the map ${id} is not painted: ${seen} colours`);
  }
  const [wide, screen] = await page.evaluate(() => [document.documentElement.scrollWidth, window.innerWidth]);
  if (wide > screen) complaints.push(`the page is ${wide} px wide on a screen of ${screen}`);
  const assertions = await page.evaluate(() => document.querySelectorAll(".assertion").length);
  await page.screenshot({ path: wanted.file, fullPage: wanted.full });
  console.log(JSON.stringify({ plots, assertions, complaints }));
  if (complaints.length > 0) throw new Error(complaints.join("; "));
}

const wanted = readArguments();
const profile = await mkdtemp(join(tmpdir(), "tombolo-report-"));
let browser;
try {
  browser = await chromium.launchPersistentContext(profile, {
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: FLAGS,
    viewport: wanted.phone ? PHONE : DESKTOP,
    deviceScaleFactor: wanted.phone ? 2 : 1,
    colorScheme: wanted.dark ? "dark" : "light",
  });
  await look(browser.pages()[0] ?? (await browser.newPage()), wanted);
} catch (error) {
  console.error(`report: ${error.message}`);
  process.exitCode = 1;
} finally {
  await browser?.close();
  await rm(profile, { recursive: true, force: true });
}

// The ground: fetched once per island, painted once per theme into a picture that the map scales.

const SHELF_M = 70; // how far from the shore the water reaches its deep colour
const RIPPLES_M = [7, 17, 31]; // pale lines along the shore, as on old charts

export async function fetchTerrain() {
  const answer = await fetch("/api/terrain");
  if (!answer.ok) throw new Error(`the terrain was answered with ${answer.status}`);
  return decode(await answer.arrayBuffer());
}

function decode(buffer) {
  const magic = new TextDecoder().decode(buffer.slice(0, 4));
  if (magic !== "TMB1") throw new Error("the terrain has an unknown form");
  const length = new DataView(buffer).getUint32(4, true);
  const header = JSON.parse(new TextDecoder().decode(buffer.slice(8, 8 + length)));
  const count = header.width * header.height;
  const cells = new Uint8Array(buffer, 8 + length, count);
  const relief = header.relief ? new Uint8Array(buffer, 8 + length + count, count) : null;
  const terrain = { ...header, cells, relief, cellM: header.cell_units / header.units_per_metre };
  return { ...terrain, ...findLand(terrain) };
}

/** Which chunks have dry ground (as `cx,cy`), and the metres within which they lie. */
function findLand({ width, cells, palette, cell_units, chunk_units, units_per_metre }) {
  const chunkOf = (cell) => Math.floor(((cell + 0.5) * cell_units) / chunk_units);
  const landChunks = new Map();
  cells.forEach((biome, i) => {
    if (palette[biome].water) return;
    const [cx, cy] = [chunkOf(i % width), chunkOf(Math.floor(i / width))];
    landChunks.set(`${cx},${cy}`, [cx, cy]);
  });
  const all = [...landChunks.values()];
  const side = chunk_units / units_per_metre;
  const ends = (axis) => {
    const sorted = all.map((chunk) => chunk[axis]).sort((a, b) => a - b);
    return [sorted[0] * side, (sorted.at(-1) + 1) * side];
  };
  const land = all.length > 0 ? { x: ends(0), y: ends(1) } : null;
  return { landChunks, land };
}

/** The swatch at a place in metres. */
export function swatchAt(terrain, x, y) {
  const [cx, cy] = [Math.floor(x / terrain.cellM), Math.floor(y / terrain.cellM)];
  if (cx < 0 || cy < 0 || cx >= terrain.width || cy >= terrain.height) return null;
  return terrain.palette[terrain.cells[cy * terrain.width + cx]];
}

/** The ground as a picture, one pixel a cell. */
export function paint(terrain, night) {
  const { width, height, cells, relief, palette, cellM } = terrain;
  const colours = palette.map((swatch) => rgb(night ? swatch.dark : swatch.light));
  const water = palette.map((swatch) => swatch.water);
  const shallow = colours[Math.max(0, water.lastIndexOf(true))] ?? [128, 128, 128];
  const deep = colours[Math.max(0, water.indexOf(true))] ?? [128, 128, 128];
  const shore = shoreDistance(terrain, water);
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height;
  const ctx = canvas.getContext("2d");
  const image = ctx.createImageData(width, height);
  for (let i = 0; i < cells.length; i += 1) {
    const wet = water[cells[i]];
    const colour = wet
      ? seaColour(shallow, deep, shore[i] * cellM, night)
      : landColour(colours[cells[i]], i, width, relief, cellM, night);
    image.data.set([colour[0], colour[1], colour[2], 255], i * 4);
  }
  ctx.putImageData(image, 0, 0);
  return { canvas, sea: `rgb(${deep.join(" ")})` };
}

function seaColour(shallow, deep, metres, night) {
  const t = Math.min(1, metres / SHELF_M);
  const depth = 1 - (1 - t) ** 2.2;
  const ripple = RIPPLES_M.some((at) => Math.abs(metres - at) < 1.1) ? (night ? 7 : 6) * (1 - t) : 0;
  return shallow.map((from, k) => from + (deep[k] - from) * depth + ripple);
}

/** Light falls from the north-west, as on every map. */
function landColour(colour, i, width, relief, cellM, night) {
  const grain = (((i * 2654435761) >>> 24) / 255 - 0.5) * (night ? 3 : 4);
  let light = 0;
  if (relief) {
    const at = (j) => relief[j] ?? relief[i];
    const slope = ((at(i + 1) - at(i - 1)) + (at(i + width) - at(i - width))) * 0.25 / (4 * cellM);
    light = Math.max(-1, Math.min(1, slope * 2.6)) * (night ? 26 : 34) + relief[i] * (night ? 0.07 : 0.05);
  }
  return colour.map((part) => part + light + grain);
}

/** Cells to the nearest dry cell, by two passes (3-4 chamfer, in thirds). */
function shoreDistance({ width, height, cells }, water) {
  const far = 3 * (width + height);
  const d = new Float32Array(cells.length);
  for (let i = 0; i < d.length; i += 1) d[i] = water[cells[i]] ? far : 0;
  const relax = (i, x, y, dx, dy, cost) => {
    if (x + dx < 0 || x + dx >= width || y + dy < 0 || y + dy >= height) return;
    d[i] = Math.min(d[i], d[i + dy * width + dx] + cost);
  };
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const i = y * width + x;
      relax(i, x, y, -1, 0, 3); relax(i, x, y, 0, -1, 3); relax(i, x, y, -1, -1, 4); relax(i, x, y, 1, -1, 4);
    }
  }
  for (let y = height - 1; y >= 0; y -= 1) {
    for (let x = width - 1; x >= 0; x -= 1) {
      const i = y * width + x;
      relax(i, x, y, 1, 0, 3); relax(i, x, y, 0, 1, 3); relax(i, x, y, 1, 1, 4); relax(i, x, y, -1, 1, 4);
    }
  }
  return d.map((thirds) => thirds / 3);
}

function rgb(hex) {
  return [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
}

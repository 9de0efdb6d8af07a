// The map: ground, chunks and entities on three canvases, each drawn again only when it changed.

import { context, fitCanvas, isNight, nodeColour, pageColour } from "/theme.js";
import { Sprites } from "/sprites.js";
import { paint } from "/terrain.js";

const TILE = 64; // pixels of a stripe tile
const STRIPES_PX = 60; // chunk size on screen from which a chunk has eight stripes; smaller ones have four
const HIT_PX = 14; // how near to an entity a pointer counts as on it
const NAMES_FROM = 2.6; // pixels per metre from which names are written
const CORES_FROM = 5; // radius from which the player's own colour is shown

export class WorldMap {
  constructor(view, canvases) {
    this.view = view;
    this.canvases = canvases;
    this.frame = null;
    this.focus = null; // id of the node whose part alone is shown
    this.terrain = null;
    this.picture = null;
    this.tiles = new Map();
    this.sprites = new Sprites();
    this.drawn = []; // what the last picture shows: {row, x, y (units), px, py}
    this.probe = null;
    this.stale = { ground: true, chunks: true };
    this.stamp = -1;
  }

  setTerrain(terrain) {
    this.terrain = terrain;
    this.view.setIsland((terrain.width * terrain.cell_units) / terrain.units_per_metre, terrain.land);
    this.restyle();
  }

  setFrame(frame) {
    this.frame = frame;
    this.stale.chunks = true;
  }

  setFocus(id) {
    this.focus = id;
    this.tiles.clear();
    this.stale.chunks = true;
  }

  restyle() {
    this.tiles.clear();
    this.picture = this.terrain && paint(this.terrain, isNight());
    this.stale.ground = this.stale.chunks = true;
  }

  draw(entities) {
    if (this.view.stamp !== this.stamp) {
      this.stamp = this.view.stamp;
      this.stale.ground = this.stale.chunks = true;
    }
    const { ground, chunks, entities: top } = this.canvases;
    if (fitCanvas(ground)) this.stale.ground = true;
    if (fitCanvas(chunks)) this.stale.chunks = true;
    fitCanvas(top);
    if (this.stale.ground) this.#drawGround(context(ground));
    if (this.stale.chunks && this.frame) this.#drawChunks(context(chunks));
    if (this.frame) this.#drawEntities(context(top), entities);
    this.stale.ground = this.stale.chunks = false;
  }

  get unitsPerMetre() { return this.terrain?.units_per_metre ?? 120; }
  get chunkM() { return (this.terrain?.chunk_units ?? 3600) / this.unitsPerMetre; }

  colour(index) { return nodeColour(this.frame?.nodes[index]); }
  #dimmed(index) { return this.focus !== null && this.frame.nodes[index]?.id !== this.focus; }

  #clear(ctx) { ctx.clearRect(0, 0, this.view.width, this.view.height); }

  #drawGround(ctx) {
    const { view, terrain, picture } = this;
    ctx.fillStyle = picture?.sea ?? pageColour("sea");
    ctx.fillRect(0, 0, view.width, view.height);
    if (!picture) return;
    ctx.imageSmoothingEnabled = true;
    ctx.imageSmoothingQuality = "high";
    const [x, y] = view.toScreen(0, 0);
    const perCell = terrain.cellM * view.scale;
    ctx.drawImage(picture.canvas, x, y, terrain.width * perCell, terrain.height * perCell);
  }

  #drawChunks(ctx) {
    this.#clear(ctx);
    const size = this.chunkM * this.view.scale;
    const seen = pageColour("seen");
    const leaders = new Map();
    const crowds = [];
    const things = [];
    for (const [cx, cy, , publishers, step, , found] of this.frame.chunks) {
      const [x, y] = this.view.toScreen(cx * this.chunkM, cy * this.chunkM);
      if (x > this.view.width || y > this.view.height || x + size < 0 || y + size < 0) continue;
      if (found?.some(Boolean)) things.push([x, y, found]);
      if (publishers.length === 0) {
        ctx.fillStyle = seen;
        ctx.fillRect(x, y, size, size);
        continue;
      }
      leaders.set(`${cx},${cy}`, { x, y, cx, cy, leader: leaderOf(publishers) });
      ctx.drawImage(this.#tile(publishers, size >= STRIPES_PX ? 8 : 4), x, y, size, size);
      if (step > 0) crowds.push([x, y, step]);
    }
    if (size >= 9) this.#drawGrid(ctx, size);
    this.#drawBorders(ctx, leaders, size);
    this.#drawThings(ctx, things, size);
    this.#drawCrowds(ctx, crowds, size);
    this.#drawProbedChunk(ctx, size);
  }

  /** What differs from nature, in the lower corner of each chunk: a frame for claimed land, a square for buildings, a
   * triangle for piles, a ring for what was taken. */
  #drawThings(ctx, things, size) {
    const side = Math.max(4, Math.min(9, size / 5));
    ctx.lineWidth = 1.5;
    for (const [x, y, [taken, piles, built, claimed]] of things) {
      ctx.strokeStyle = ctx.fillStyle = pageColour("things");
      if (claimed && size >= 9) ctx.strokeRect(x + 1.5, y + 1.5, size - 3, size - 3);
      let at = x + side * 0.5;
      const foot = y + size - side * 0.5;
      if (built > 0) {
        ctx.fillRect(at, foot - side, side, side);
        at += side * 1.4;
      }
      if (piles > 0) {
        ctx.beginPath();
        ctx.moveTo(at, foot);
        ctx.lineTo(at + side / 2, foot - side);
        ctx.lineTo(at + side, foot);
        ctx.fill();
        at += side * 1.4;
      }
      if (taken > 0) {
        ctx.beginPath();
        ctx.arc(at + side / 2, foot - side / 2, side * 0.4, 0, 2 * Math.PI);
        ctx.stroke();
      }
    }
  }

  /** The step of the crowd contract, in the corner of each chunk that is on one. */
  #drawCrowds(ctx, crowds, size) {
    const side = Math.max(9, Math.min(18, size / 3));
    ctx.font = `700 ${Math.round(side * 0.75)}px system-ui, sans-serif`;
    ctx.textAlign = "center";
    ctx.textBaseline = "middle";
    for (const [x, y, step] of crowds) {
      ctx.fillStyle = pageColour("warn");
      ctx.fillRect(x, y, side, side);
      ctx.fillStyle = pageColour("paper");
      ctx.fillText(String(step), x + side / 2, y + side / 2 + 0.5);
    }
  }

  /** Diagonal stripes, shared among the publishers by their entities; a tile joins its neighbours unbroken. */
  #tile(publishers, stripeCount) {
    const total = publishers.reduce((sum, [, count]) => sum + count, 0) || 1;
    const sorted = [...publishers].sort((a, b) => b[1] - a[1]);
    const shares = sorted.map(([node, count]) => [node, Math.max(1, Math.round((count / total) * stripeCount))]);
    const key = shares.join(";");
    const known = this.tiles.get(key);
    if (known) return known;
    if (this.tiles.size > 512) this.tiles.clear();
    const stripes = interleave(shares);
    const tile = document.createElement("canvas");
    tile.width = tile.height = TILE;
    const ctx = tile.getContext("2d");
    const wide = tile.width / stripes.length;
    for (let i = -stripes.length; i < stripes.length; i += 1) {
      const node = stripes[(i + stripes.length) % stripes.length];
      ctx.globalAlpha = this.#dimmed(node) ? 0.05 : isNight() ? 0.3 : 0.28;
      ctx.fillStyle = this.colour(node);
      ctx.beginPath();
      ctx.moveTo(i * wide, 0);
      ctx.lineTo((i + 1) * wide, 0);
      ctx.lineTo((i + 1) * wide + tile.width, tile.height);
      ctx.lineTo(i * wide + tile.width, tile.height);
      ctx.fill();
    }
    this.tiles.set(key, tile);
    return tile;
  }

  /** The chunks that have dry ground. */
  #drawGrid(ctx, size) {
    const land = this.terrain?.landChunks ?? new Map();
    ctx.beginPath();
    for (const [cx, cy] of land.values()) {
      const [x, y] = this.view.toScreen(cx * this.chunkM, cy * this.chunkM);
      if (x > this.view.width || y > this.view.height || x + size < 0 || y + size < 0) continue;
      const [west, north] = [Math.round(x) + 0.5, Math.round(y) + 0.5];
      const [east, south] = [Math.round(x + size) + 0.5, Math.round(y + size) + 0.5];
      ctx.moveTo(west, south);
      ctx.lineTo(west, north);
      ctx.lineTo(east, north);
      if (!land.has(`${cx},${cy + 1}`)) { ctx.moveTo(west, south); ctx.lineTo(east, south); }
      if (!land.has(`${cx + 1},${cy}`)) { ctx.moveTo(east, north); ctx.lineTo(east, south); }
    }
    ctx.lineWidth = 1;
    ctx.strokeStyle = pageColour("grid");
    ctx.stroke();
  }

  /** A line wherever the leading node changes. */
  #drawBorders(ctx, leaders, size) {
    const sides = [[0, -1, 0, 0, 1, 0], [0, 1, 0, 1, 1, 1], [-1, 0, 0, 0, 0, 1], [1, 0, 1, 0, 1, 1]];
    const inset = 0.75;
    const paths = new Map();
    for (const { x, y, cx, cy, leader } of leaders.values()) {
      if (!paths.has(leader)) paths.set(leader, new Path2D());
      const path = paths.get(leader);
      const at = (fx, fy) => [x + (fx ? size - inset : inset), y + (fy ? size - inset : inset)];
      for (const [dx, dy, ax, ay, bx, by] of sides) {
        if (leaders.get(`${cx + dx},${cy + dy}`)?.leader === leader) continue;
        path.moveTo(...at(ax, ay));
        path.lineTo(...at(bx, by));
      }
    }
    ctx.lineWidth = 1.5;
    ctx.lineCap = "square";
    for (const [leader, path] of paths) {
      ctx.globalAlpha = this.#dimmed(leader) ? 0.08 : 0.6;
      ctx.strokeStyle = this.colour(leader);
      ctx.stroke(path);
    }
    ctx.globalAlpha = 1;
  }

  #drawProbedChunk(ctx, size) {
    if (!this.probe) return;
    const [mx, my] = this.view.toIsland(this.probe.px, this.probe.py);
    const [cx, cy] = [Math.floor(mx / this.chunkM), Math.floor(my / this.chunkM)];
    const [x, y] = this.view.toScreen(cx * this.chunkM, cy * this.chunkM);
    ctx.lineWidth = 2;
    ctx.strokeStyle = pageColour("halo");
    ctx.strokeRect(x + 1, y + 1, size - 2, size - 2);
  }

  #drawEntities(ctx, entities) {
    this.#clear(ctx);
    const units = this.unitsPerMetre;
    const radius = Math.round(Math.max(2.6, Math.min(8, 2.4 + this.view.scale * 0.75)) * 4) / 4;
    this.drawn = entities.map((entity) => {
      const [px, py] = this.view.toScreen(entity.x / units, entity.y / units);
      return { ...entity, px, py };
    });
    const margin = 40;
    const visible = this.drawn.filter(({ px, py }) =>
      px > -margin && py > -margin && px < this.view.width + margin && py < this.view.height + margin);
    const halo = pageColour("halo");
    this.sprites.prepare(radius, this.canvases.entities.width / (this.view.width || 1), halo);
    this.#drawBodies(ctx, visible);
    if (radius >= CORES_FROM) this.#drawCores(ctx, visible, radius);
    if (this.view.scale >= NAMES_FROM) this.#drawNames(ctx, visible, radius, halo);
    this.#drawProbe(ctx, radius, halo);
  }

  /** Those of other nodes than the selected one first and pale, so that it lies on top. */
  #drawBodies(ctx, visible) {
    const colours = this.frame.nodes.map((_, i) => this.colour(i));
    const pass = (dimmed) => {
      ctx.globalAlpha = dimmed ? 0.2 : 1;
      for (const { row, px, py } of visible) {
        if (this.#dimmed(row[6]) !== dimmed) continue;
        this.sprites.draw(ctx, colours[row[6]] ?? this.colour(-1), row[3], row[4], row[7] > 0, px, py);
      }
    };
    if (this.focus !== null) pass(true);
    pass(false);
    ctx.globalAlpha = 1;
  }

  #drawCores(ctx, visible, radius) {
    const light = isNight() ? 40 : 78;
    for (const { row, px, py } of visible) {
      ctx.globalAlpha = this.#dimmed(row[6]) ? 0.15 : 1;
      ctx.fillStyle = `hsl(${(row[5] / 256) * 360} 65% ${light}%)`;
      ctx.beginPath();
      ctx.arc(px, py, radius * 0.45, 0, 2 * Math.PI);
      ctx.fill();
    }
    ctx.globalAlpha = 1;
  }

  #drawNames(ctx, visible, radius, halo) {
    ctx.font = "500 12px system-ui, sans-serif";
    ctx.textAlign = "center";
    ctx.lineJoin = "round";
    const ink = pageColour("ink");
    for (const { row, px, py } of visible) {
      if (!row[8] || this.#dimmed(row[6])) continue;
      write(ctx, row[8], px, py - radius - 7, halo, ink);
    }
  }

  #drawProbe(ctx, radius, halo) {
    const hit = this.probe && this.hit();
    if (hit) {
      ctx.lineWidth = 2.5;
      ctx.strokeStyle = pageColour("ink");
      ctx.beginPath();
      ctx.arc(hit.px, hit.py, radius + 5.5, 0, 2 * Math.PI);
      ctx.stroke();
    }
    if (this.probe?.keyboard) {
      const { px, py } = this.probe;
      for (const [width, colour] of [[4, halo], [1.5, pageColour("ink")]]) {
        ctx.lineWidth = width;
        ctx.strokeStyle = colour;
        ctx.beginPath();
        ctx.moveTo(px - 9, py); ctx.lineTo(px + 9, py);
        ctx.moveTo(px, py - 9); ctx.lineTo(px, py + 9);
        ctx.stroke();
      }
    }
  }

  /** Where the pointer or the keyboard's cross is; null for nowhere. */
  setProbe(probe) {
    this.probe = probe;
    this.stale.chunks = true;
  }

  /** The entity nearest to the probe, if one is near. */
  hit() {
    const { px, py } = this.probe;
    let best = null;
    let nearest = HIT_PX ** 2;
    for (const entity of this.drawn) {
      const distance = (entity.px - px) ** 2 + (entity.py - py) ** 2;
      if (distance < nearest) [best, nearest] = [entity, distance];
    }
    return best;
  }
}

function write(ctx, text, x, y, halo, ink) {
  ctx.lineWidth = 3.5;
  ctx.strokeStyle = halo;
  ctx.strokeText(text, x, y);
  ctx.fillStyle = ink;
  ctx.fillText(text, x, y);
}

export function leaderOf(publishers) {
  return publishers.reduce((best, one) => (one[1] > best[1] ? one : best))[0];
}

/** Spreads shares over stripes, so that a small one lies among the large one and not beside it. */
function interleave(shares) {
  const total = shares.reduce((sum, [, share]) => sum + share, 0);
  const debt = shares.map(() => 0);
  return Array.from({ length: total }, () => {
    shares.forEach(([, share], i) => { debt[i] += share; });
    const next = debt.indexOf(Math.max(...debt));
    debt[next] -= total;
    return shares[next][0];
  });
}

"use strict";
// Draws the runs of the page's data: one, or two side by side. No network, no storage.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const root = document.getElementById("report");
  const COLOURS = ["--a", "--b", "--c", "--d", "--e", "--f"];
  const plots = [];

  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const number = (value) => (value === null || value === undefined ? "" : value.toLocaleString("en"));

  function make(tag, options = {}, ...children) {
    const node = document.createElement(tag);
    for (const [key, value] of Object.entries(options)) {
      if (key === "class") node.className = value; else node.setAttribute(key, value);
    }
    node.append(...children.filter((child) => child !== null));
    return node;
  }

  const clock = (minutes) => {
    const hours = Math.floor(minutes / 60);
    return hours >= 72 ? `day ${Math.floor(hours / 24) + 1}` : `${hours}:${String(Math.floor(minutes % 60)).padStart(2, "0")}`;
  };
  /** How long something took, in seconds: seconds, hours or days. */
  function duration(seconds) {
    if (seconds < 600) return `${number(Math.round(seconds))} s`;
    return seconds >= 172800 && seconds % 86400 === 0 ? `${number(seconds / 86400)} days` : clock(seconds / 60);
  }
  const onAxis = (axis) => (axis === "minutes" ? clock : number);

  function head(run) {
    const { outcome, measured } = run;
    const held = outcome.assertions.every((assertion) => assertion.passed);
    const fact = (name, value) => make("span", {}, `${name} `, make("b", {}, value));
    const facts = make("div", { class: "facts" },
      fact("seed", String(outcome.seed)), fact("simulated", duration(outcome.simulated_ms / 1000)),
      fact("digest", outcome.digest), fact("events", number(outcome.events)),
      fact("events a second", number(measured.events_per_second)),
      fact("times real time", number(measured.realtime_factor)),
      measured.cpu_ms ? fact("seconds of a core", (measured.cpu_ms / 1000).toFixed(1)) : null,
      measured.peak_memory_bytes ? fact("memory", `${number(Math.round(measured.peak_memory_bytes / 1048576))} MiB`) : null);
    const [look, word] = held ? ["held", "everything held"] : run.interrupted ? ["stopped", "not all held so far"] : ["broken", "broken"];
    const verdict = make("span", { class: `verdict ${look}` }, word);
    return make("header", {}, make("h1", {}, `${outcome.scenario} `), verdict,
      run.interrupted ? make("span", {}, " stopped before its end") : null,
      make("p", {}, outcome.about), facts);
  }

  function assertions(run) {
    const cards = run.outcome.assertions.map((assertion) => {
      const side = assertion.side === "at_least" ? "at least" : "at most";
      return make("div", { class: `assertion ${assertion.passed ? "" : "broken"}` }, make("b", {}, assertion.name),
        make("span", {}, `${assertion.value === null ? "nothing" : number(assertion.value)}, ${side} ${number(assertion.bound)}`));
    });
    return make("section", { class: "card" }, make("h2", {}, "What must hold"), make("div", { class: "assertions" }, ...cards),
      make("code", {}, run.replay));
  }

  /** Stacked lines become sums of themselves and those before; drawn from the highest down. */
  function stacked(lines) {
    const sums = [];
    return lines.map((line) => line.values.map((value, at) => {
      sums[at] = (sums[at] ?? 0) + (value ?? 0);
      return sums[at];
    }));
  }

  function series(plot) {
    const stack = plot.lines.length > 0 && plot.lines[0].look === "stacked";
    const values = stack ? stacked(plot.lines) : plot.lines.map((line) => line.values);
    let drawn = plot.lines.map((line, n) => {
      const own = line.look === "bound" ? colour("--bad") : colour(COLOURS[n % COLOURS.length]);
      const found = { label: line.name, stroke: own, width: line.look === "thin" ? 1 : 2, points: { show: plot.at.length < 24 } };
      if (line.look === "mark") Object.assign(found, { stroke: colour("--bad"), width: 0, points: { show: true, size: 14, width: 3 } });
      if (line.look === "bound") Object.assign(found, { dash: [6, 4], width: 1.5, points: { show: false } });
      if (stack) Object.assign(found, { fill: own, width: 0, value: (_, __, ___, at) => number(at === null ? null : line.values[at]) });
      else found.value = (_, value) => number(value);
      return { found, values: values[n] };
    });
    if (stack) drawn = drawn.reverse();
    return drawn;
  }

  const taken = {};
  /** Names of their own for what two runs beside each other both have. */
  function own(id) {
    taken[id] = (taken[id] ?? 0) + 1;
    return taken[id] === 1 ? id : `${id}-${taken[id]}`;
  }

  function plot(found) {
    const id = own(found.id);
    const place = make("div", { id: `plot-${id}`, class: "plot" });
    const card = make("section", { class: "card" }, make("h2", {}, found.title), make("p", {}, `${found.note} (${found.unit})`), place);
    const drawn = series(found);
    const draw = () => {
      place.replaceChildren();
      const axis = { stroke: colour("--soft"), grid: { stroke: colour("--line"), width: 1 }, ticks: { show: false } };
      const options = {
        width: Math.max(place.clientWidth, 240), height: 230, legend: { live: true },
        scales: { x: { time: false, distr: found.spread ? 3 : 1 }, y: { range: (_, low, high) => [Math.min(0, low ?? 0), (high ?? 1) * 1.05 || 1] } },
        axes: [{ ...axis, size: 32, values: (_, ticks) => ticks.map((tick) => (Number.isInteger(tick) ? onAxis(found.axis)(tick) : "")) },
          { ...axis, size: 62, values: (_, ticks) => ticks.map(number) }],
        series: [{ label: found.axis, value: (_, value) => (value === null ? "" : onAxis(found.axis)(value)) },
          ...drawn.map((line) => line.found)],
      };
      return new uPlot(options, [found.at, ...drawn.map((line) => line.values)], place);
    };
    plots.push({ id, draw, place, points: drawn.reduce((sum, line) => sum + line.values.filter((v) => v !== null).length, 0) });
    return card;
  }

  const heatColour = (share) => {
    const stops = [[246, 244, 238], [150, 196, 208], [54, 134, 160], [28, 84, 124], [214, 130, 43]];
    if (share > 1) return [179, 54, 43];
    const at = Math.min(share, 0.9999) * (stops.length - 1);
    const [low, high] = [stops[Math.floor(at)], stops[Math.floor(at) + 1]];
    return low.map((channel, n) => Math.round(channel + (high[n] - channel) * (at % 1)));
  };

  function heat(found) {
    const rows = found.cells.length;
    const columns = rows === 0 ? 0 : found.cells[0].length;
    const canvas = make("canvas", { class: rows === columns ? "heat square" : "heat", width: String(columns), height: String(rows), id: `heat-${own(found.id)}` });
    const paint = canvas.getContext("2d");
    const image = paint.createImageData(Math.max(columns, 1), Math.max(rows, 1));
    found.cells.forEach((row, y) => row.forEach((cell, x) => {
      image.data.set([...heatColour(cell / found.full), 255], (y * columns + x) * 4);
    }));
    paint.putImageData(image, 0, 0);
    const ramp = make("i", { style: `background: linear-gradient(90deg, ${[0, 0.25, 0.5, 0.75, 1].map((s) => `rgb(${heatColour(s)})`).join(",")})` });
    return make("section", { class: "card" }, make("h2", {}, found.title), make("p", {}, `${found.note} Rows: ${found.rows}.`), canvas,
      make("div", { class: "axis" }, make("span", {}, onAxis(found.columns)(0)), make("span", {}, onAxis(found.columns)(found.end))),
      make("div", { class: "scale" }, "0", ramp, `${number(found.full)} ${found.unit}; above it red`));
  }

  function table(found, best = null) {
    const numeric = found.head.map((_, n) => found.rows.every((row) => /^[\d.,% ]*$/.test(row[n] ?? "")));
    const cell = (tag, text, n) => make(tag, { class: numeric[n] ? "number" : text.length > 34 ? "wide" : "" },
      numeric[n] && /^\d+$/.test(text) ? number(Number(text)) : text);
    const rows = found.rows.map((row) => make("tr", { class: row[0] === best ? "best" : "" }, ...row.map((text, n) => cell("td", text, n))));
    return make("section", { class: "card" }, make("h2", {}, found.title), make("p", {}, found.note),
      make("div", { class: "scroll" }, make("table", {},
        make("thead", {}, make("tr", {}, ...found.head.map((text, n) => cell("th", text, n)))), make("tbody", {}, ...rows))));
  }

  function figures(runs) {
    const names = [...new Set(runs.flatMap((run) => Object.keys(run.outcome.figures)))].sort();
    const rows = names.map((name) => [name.replaceAll("_", " "), ...runs.map((run) => String(run.outcome.figures[name] ?? ""))]);
    return table({ title: "Figures", note: "Everything that was counted or measured.", head: ["figure", ...runs.map((run) => run.outcome.scenario)], rows });
  }

  function swept(sweep) {
    const first = sweep.values[0] ?? { figures: {}, assertions: [] };
    const demanded = new Set(first.assertions.map((assertion) => assertion.figure));
    const names = Object.keys(first.figures).sort((a, b) => demanded.has(b) - demanded.has(a));
    const differing = names.filter((name) => sweep.values.some((one) => one.figures[name] !== first.figures[name]));
    const shown = sweep.by ? [sweep.by, ...(sweep.also ?? []), ...differing.filter((name) => name !== sweep.by && !sweep.also?.includes(name)).slice(0, 6)] : differing;
    const rows = sweep.values.map((one) => [one.value, ...shown.map((name) => String(one.figures[name] ?? ""))]);
    const best = sweep.best ? `The best has the least ${sweep.by.replaceAll("_", " ")}: ${sweep.best}.` : "Stopped before all values were tried.";
    const note = sweep.by ? best : "Figures that differ, those that the file demands something of first.";
    const cards = [table({ title: sweep.name || `Sweep of ${sweep.key}`, note, head: [sweep.key, ...shown.map((name) => name.replaceAll("_", " "))], rows }, sweep.best)];
    const at = sweep.values.map((one) => Number(one.value));
    if (at.every(Number.isFinite) && at.length > 1) {
      const order = at.map((_, n) => n).sort((a, b) => at[a] - at[b]);
      for (const name of (sweep.by ? [sweep.by] : differing.slice(0, 8))) {
        const line = (figure) => ({ name: figure.replaceAll("_", " "), look: "line", values: order.map((n) => sweep.values[n].figures[figure] ?? null) });
        const lines = [name, ...(sweep.by ? sweep.also ?? [] : [])].map(line);
        if (sweep.best) {
          const values = order.map((n) => (sweep.values[n].value === sweep.best ? sweep.values[n].figures[name] : null));
          lines.push({ name: `best: ${sweep.best}`, look: "mark", values });
        }
        cards.push(plot({ id: `sweep-${name}`, title: name.replaceAll("_", " "), note: `over ${sweep.key}`, unit: "as measured", axis: "value",
          at: order.map((n) => at[n]), spread: at[order[0]] > 0 && at[order.at(-1)] >= 30 * at[order[0]], lines }));
      }
    }
    return cards;
  }

  /** The figures that something is demanded of, seed by seed from the least to the most, against the demand. */
  function seeds(suite) {
    const runs = suite.seeds.map((_, n) => n + 1);
    const demanded = suite.assertions.filter(({ figure }) => suite.seeds.some((seed) => seed.figures[figure] !== suite.seeds[0].figures[figure]));
    return demanded.map(({ name, figure, bound, side }) => {
      const values = suite.seeds.map((seed) => seed.figures[figure] ?? null).sort((a, b) => a - b);
      const lines = [{ name: figure.replaceAll("_", " "), look: "line", values },
        { name: side === "at_least" ? "at least" : "at most", look: "bound", values: runs.map(() => bound) }];
      return plot({ id: `seeds-${figure}`, title: name, note: "Each seed, from the least to the most.", unit: figure.replaceAll("_", " "),
        axis: "seeds", at: runs, lines });
    });
  }

  /** One card for each run, beside each other. */
  const beside = (cards) => make("div", { class: "runs" }, ...cards);

  // The file has what a run showed and what it took in one object.
  const runs = data.runs.map((run) => {
    const outcome = { plots: [], heats: [], tables: [], ...run };
    return { ...run, outcome, measured: run };
  });
  root.className = runs.length > 1 ? "two" : "";
  if (data.sweep) root.append(make("header", {}, make("h1", {}, data.title)), ...swept(data.sweep));
  if (data.seeds) {
    root.append(make("header", {}, make("h1", {}, data.title)), make("div", { class: "grid" }, ...seeds(data.suite)), table(data.seeds));
  }
  if (runs.length > 0) {
    root.append(beside(runs.map((run) => make("div", {}, head(run), assertions(run)))));
    const ids = [...new Set(runs.flatMap((run) => run.outcome.plots.map((one) => one.id)))];
    const grid = make("div", { class: "grid" });
    for (const id of ids) {
      const cards = runs.map((run) => run.outcome.plots.find((one) => one.id === id)).map((one) => (one ? plot(one) : make("div")));
      if (runs.length > 1) grid.append(beside(cards)); else grid.append(...cards);
    }
    root.append(grid);
    for (const id of new Set(runs.flatMap((run) => run.outcome.heats.map((one) => one.id)))) {
      root.append(beside(runs.map((run) => run.outcome.heats.find((one) => one.id === id)).map((one) => (one ? heat(one) : make("div")))));
    }
    runs.filter((run) => run.rival).forEach((run) => root.append(...swept(run.rival)));
    root.append(figures(runs));
    root.append(beside(runs.map((run) => make("div", {}, ...run.outcome.tables.map((one) => table(one))))));
  }
  const drawAll = () => plots.forEach((one) => { one.drawn = one.draw(); });
  drawAll();
  let width = window.innerWidth;
  window.addEventListener("resize", () => {
    if (window.innerWidth !== width) { width = window.innerWidth; drawAll(); }
  });
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => location.reload());
  // For tests: what was drawn, and with how many points.
  window.__report = { plots: () => plots.map(({ id, points, place }) => ({ id, points, canvas: place.querySelector("canvas")?.width ?? 0 })) };
})();

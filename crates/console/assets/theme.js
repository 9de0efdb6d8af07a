// Colours of nodes and of the page, by day and by night.

const DAY = ["#d8504d", "#2f6fd0", "#d97f12", "#8449c4", "#0d8a80", "#c4358a", "#6a7a1c", "#7b5334"];
const NIGHT = ["#ff8d85", "#7db2ff", "#ffc069", "#c8a4ff", "#57dccb", "#ff94cd", "#cfe07a", "#dfb08a"];
const STRANGER = "#808c8e";

const night = matchMedia("(prefers-color-scheme: dark)");

export const isNight = () => night.matches;

export function onThemeChange(then) {
  night.addEventListener("change", then);
}

/** The colour of a node, grey for one that is not listed. */
export function nodeColour(node) {
  const palette = night.matches ? NIGHT : DAY;
  return node ? palette[node.colour % palette.length] : STRANGER;
}

/** A named colour of the style sheet. */
export function pageColour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

/** Sets a canvas to its size on screen in device pixels; true if that changed it. */
export function fitCanvas(canvas) {
  const ratio = Math.min(devicePixelRatio || 1, 2);
  const width = Math.round(canvas.clientWidth * ratio);
  const height = Math.round(canvas.clientHeight * ratio);
  if (canvas.width === width && canvas.height === height) return false;
  canvas.width = width;
  canvas.height = height;
  return true;
}

/** A context whose unit is the CSS pixel. */
export function context(canvas) {
  const ctx = canvas.getContext("2d");
  const ratio = canvas.width / (canvas.clientWidth || 1);
  ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
  return ctx;
}

// Small pictures of entities, drawn once for each colour, direction and ghost ring and then only copied: thousands
// of entities cost thousands of copies instead of thousands of curves.

const STANDING = -1;
const MOST = 2048; // pictures kept; then all are made anew

export class Sprites {
  constructor() {
    this.pictures = new Map();
    this.key = "";
  }

  /** Sets what all pictures share; a change makes them anew. */
  prepare(radius, ratio, halo) {
    const key = `${radius} ${ratio} ${halo}`;
    if (key === this.key) return;
    Object.assign(this, { key, radius, ratio, halo });
    this.half = Math.ceil(radius * 1.85 + 4);
    this.pictures.clear();
  }

  draw(ctx, colour, heading, gait, ghosted, x, y) {
    const direction = gait === 0 ? STANDING : heading;
    const key = `${colour}${direction}${ghosted}`;
    let picture = this.pictures.get(key);
    if (!picture) {
      if (this.pictures.size >= MOST) this.pictures.clear();
      picture = this.#make(colour, direction, ghosted);
      this.pictures.set(key, picture);
    }
    ctx.drawImage(picture, x - this.half, y - this.half, 2 * this.half, 2 * this.half);
  }

  #make(colour, direction, ghosted) {
    const { radius, ratio, halo, half } = this;
    const picture = document.createElement("canvas");
    picture.width = picture.height = Math.ceil(2 * half * ratio);
    const ctx = picture.getContext("2d");
    ctx.scale(picture.width / (2 * half), picture.height / (2 * half));
    ctx.translate(half, half);
    if (ghosted) {
      ctx.globalAlpha = 0.65;
      ctx.strokeStyle = colour;
      ctx.lineWidth = 1.1;
      ctx.beginPath();
      ctx.arc(0, 0, radius + 2.6, 0, 2 * Math.PI);
      ctx.stroke();
      ctx.globalAlpha = 1;
    }
    const body = outline(radius, direction);
    ctx.lineJoin = "round";
    ctx.lineWidth = 2.2;
    ctx.strokeStyle = halo;
    ctx.stroke(body);
    ctx.fillStyle = colour;
    ctx.fill(body);
    return picture;
  }
}

/** A dot; for who moves, with a tip ahead. */
function outline(radius, direction) {
  const path = new Path2D();
  if (direction === STANDING) {
    path.arc(0, 0, radius, 0, 2 * Math.PI);
    return path;
  }
  const angle = (direction / 32) * 2 * Math.PI;
  const shoulder = 0.62;
  const tip = radius * 1.85;
  path.moveTo(Math.cos(angle) * tip, Math.sin(angle) * tip);
  path.arc(0, 0, radius, angle + shoulder, angle + 2 * Math.PI - shoulder);
  path.closePath();
  return path;
}

/** A time axis whose pauses are cut out, and the bars on it, those too thin to be seen alone together. */

/** @typedef {import("./types").Bar} Bar */
/** @typedef {import("./types").Rect} Rect */
/** @typedef {import("./types").Segment} Segment */
/** @typedef {(time: number) => number} Scale */

const BREAK = 26, THIN = 1.5;
/** Height of a row of bars. */
export const ROW = 15;
/** How long a run may be silent and still count as going on, in seconds. */
const SILENT_S = 120;

/**
 * The next of 1, 2, 5, 10, ... times a power of ten.
 * @param {number} raw
 */
export function nice(raw) {
  const power = 10 ** Math.floor(Math.log10(Math.max(raw, 1e-6)));
  return [1, 2, 5, 10].map((m) => m * power).find((step) => step >= raw * 0.999999) ?? 10 * power;
}

/**
 * From times to pixels: segments in proportion to their lengths, pauses cut out.
 * @param {Segment[]} segments
 * @param {number} left
 * @param {number} width
 */
export function axis(segments, left, width) {
  const total = segments.reduce((sum, [a, b]) => sum + b - a, 0) || 1e-6;
  const scale = Math.max(1, width - BREAK * (segments.length - 1)) / total;
  /** @type {number[]} */
  const starts = [];
  let end = left;
  for (const [a, b] of segments) { starts.push(end); end += (b - a) * scale + BREAK; }
  /** @type {Scale} */
  const x = (time) => {
    let i = segments.length - 1;
    while (i > 0 && time < segments[i][0]) i--;
    if (i < 0) return left;
    const [a, b] = segments[i];
    return starts[i] + Math.max(0, Math.min(time, b) - a) * scale;
  };
  const step = nice(total / Math.max(2, width / 110));
  /** @type {[number, number][]} */
  const breaks = segments.slice(1).map(([a], i) => [starts[i + 1] - BREAK / 2, a - segments[i][1]]);
  return { x, ticks: marks(segments, starts, scale, step), breaks };
}

/**
 * Ticks at each step of the time that was not cut out: where, and what they say.
 * @param {Segment[]} segments
 * @param {number[]} starts
 * @param {number} scale
 * @param {number} step
 */
function marks(segments, starts, scale, step) {
  const digits = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  /** @type {[number, string][]} */
  const found = [];
  let gone = 0;
  segments.forEach(([a, b], i) => {
    for (let n = Math.ceil(gone / step - 1e-9); n * step <= gone + b - a + step * 1e-6; n++) {
      found.push([starts[i] + (n * step - gone) * scale, `${(n * step).toFixed(digits)} s`]);
    }
    gone += b - a;
  });
  return found;
}

/**
 * The segments, the last one drawn out to the present while a run goes on.
 * @param {Segment[]} segments
 * @param {boolean} live
 * @param {number} now
 * @returns {Segment[]}
 */
export function current(segments, live, now) {
  const last = segments.at(-1);
  if (!live || !last || now <= last[1] || now - last[1] > SILENT_S) return segments;
  return [...segments.slice(0, -1), [last[0], now]];
}

/**
 * Whether a bar is drawn as one with its neighbour.
 * @param {Rect} before
 * @param {Bar} bar
 * @param {number} x0
 * @param {number} x1
 */
const joins = (before, bar, x0, x1) => x1 - x0 < THIN && x0 - before.x1 < 1 && before.x1 - before.x < 4 * THIN
  && before.kind === bar.kind && before.reused === bar.reused
  && (before.status === "failed") === (bar.status === "failed");

/**
 * Bars, in order of their starts, as rectangles; neighbours too thin to be seen alone become one with a count.
 * @param {Iterable<Bar>} bars
 * @param {Scale} x
 * @param {number} now
 */
export function rectangles(bars, x, now) {
  /** @type {Rect[]} */
  const found = [];
  /** @type {Map<string, Rect>} */
  const last = new Map();
  for (const bar of bars) {
    const x0 = x(bar.start), x1 = x(bar.end ?? now), before = last.get(bar.place);
    if (before && joins(before, bar, x0, x1)) {
      if (x1 > before.x1) before.x1 = x1;
      before.n += 1;
      continue;
    }
    const rect = { ...bar, open: bar.end == null, x: x0, x1, n: 1 };
    found.push(rect);
    if (bar.place) last.set(bar.place, rect);
  }
  return found;
}

/**
 * Where a row of a lane begins.
 * @param {Map<string, number>} tops
 * @param {Bar} bar
 */
const rowTop = (tops, bar) => (tops.get(bar.lane) ?? 0) + bar.row * ROW;

/**
 * What is too thin for a shape of its own: one path per look.
 * @param {Rect[]} rects
 * @param {Map<string, number>} tops
 */
export function thin(rects, tops) {
  /** @type {Map<string, string>} */
  const paths = new Map();
  for (const rect of rects) {
    const look = `${rect.kind}${rect.status === "failed" ? " failed" : ""}`;
    const width = Math.max(1, rect.x1 - rect.x).toFixed(1);
    const box = `M${rect.x.toFixed(1)} ${rowTop(tops, rect) + 1.5}h${width}v${ROW - 3}h-${width}z`;
    paths.set(look, (paths.get(look) ?? "") + box);
  }
  return paths;
}

/**
 * The shape nearest to a point of a lane, for those too thin to be hit: at most `reach` pixels away.
 * @param {Rect[]} shapes
 * @param {Map<string, number>} tops
 * @param {number} x
 * @param {number} y
 */
export function nearest(shapes, tops, x, y, reach = 8) {
  /** @type {Rect | null} */
  let best = null;
  let least = reach;
  for (const rect of shapes) {
    const top = rowTop(tops, rect);
    if (y < top || y > top + ROW) continue;
    const away = Math.max(0, rect.x - x, x - rect.x1);
    if (away < least) { best = rect; least = away; }
  }
  return best;
}

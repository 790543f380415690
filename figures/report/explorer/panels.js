/** The three pictures of the explorer; each draws one problem at one time and says in words what it shows. */

import { fineTuning, fineTuningOnPath, linearProbing, lpFt, oodError, orbit, weights } from "./flow.js";
import { goldenSection } from "./bounds.js";
import { frame, linearAxis, logarithmicAxis, powerOfTen } from "./plot.js";

export const METHODS = { lp: linearProbing, ft: fineTuning, lpft: lpFt };
export const NAMES = { lp: "LP", ft: "FT", lpft: "LP-FT" };
/** Dashed lines over the solid one and small marks over large ones, so that equal results all stay in sight. */
const DRAWING_ORDER = ["lpft", "ft", "lp"];

/** Half the narrowest axis, relative to its values: more digits than three would not fit beside it. */
const NARROWEST = 4e-3;
/** Errors below this are what rounding leaves of zero. */
const SMALLEST = 1e-15;
/** The time axis, shared with the slider: 0 and infinity at its ends, powers of ten between them. */
const [FIRST_DECADE, DECADES, TIME_POINTS] = [-3, 8, 320];
/** How many decades of error are shown, unless a bound or the lowest error of fine-tuning lies lower. */
const [SHOWN_DECADES, MOST_DECADES] = [3, 12];

export function timeAt(place) {
  if (place <= 0) return 0;
  return place >= 1 ? Infinity : 10 ** (FIRST_DECADE + DECADES * place);
}

export function placeOfTime(time) {
  return Math.min(Math.max((Math.log10(time) - FIRST_DECADE) / DECADES, 0), 1);
}

/** Weight space: where the methods go, and the line of weights that fit the training data. */
export function drawWeights(element, problem, time) {
  const paths = {
    lp: sampled((place) => linearProbing(problem, timeAt(place))),
    ft: sampled((fraction) => fineTuningOnPath(problem, fraction)),
    lpft: sampled((place) => lpFt(problem, timeAt(place))),
  };
  const shown = Object.values(paths).flatMap((path) => [path[0], path.at(-1)].map((state) => weights(problem, state)));
  const [x, y] = [0, 1].map((axis) => span([problem.target[axis], ...shown.map((point) => point[axis])]));
  const plot = frame(
    element,
    linearAxis(...x, "weight on the training input, w₁"),
    linearAxis(...y, "weight on the unseen input, w₂"),
  );
  plot.line([[problem.target[0], y[0]], [problem.target[0], y[1]]], "zero-loss");
  for (const method of DRAWING_ORDER) plot.line(paths[method].map((state) => weights(problem, state)), `path ${method}`);
  plot.mark(weights(problem, problem.start), "ft", "open");
  const now = states(problem, time);
  for (const method of DRAWING_ORDER) plot.mark(weights(problem, now[method]), method);
  plot.mark(problem.target, "truth");
  const places = Object.entries(now).map(([method, state]) => `${NAMES[method]} at ${pair(weights(problem, state))}`);
  return `Weights. The truth is at ${pair(problem.target)}; ${places.join(", ")}.`;
}

/** The plane of head and ID feature: fine-tuning follows a hyperbola to the curve of zero training loss. */
export function drawHyperbola(element, problem, time) {
  const { start, target, offFeature } = problem;
  const probed = linearProbing(problem, Infinity);
  const end = fineTuning(problem, Infinity);
  const trueHead = offFeature > 0 ? target[1] / offFeature : NaN;
  const right = { head: trueHead, idFeature: target[0] / trueHead };
  const shown = [start, probed, end, ...(Number.isFinite(right.idFeature) ? [right] : [])];
  const [heads, features] = ["head", "idFeature"].map((name) => span(shown.map((state) => state[name])));
  const plot = frame(element, linearAxis(...heads, "head, v"), linearAxis(...features, "feature along w₁, a"));
  for (const sign of [-1, 1]) plot.line(zeroLoss(target[0], heads, features, sign), "zero-loss");
  plot.line(sampled((place) => orbit(start, 4 * (2 * place - 1) ** 3)).map(coordinates), "orbit");
  plot.line(sampled((fraction) => fineTuningOnPath(problem, fraction)).map(coordinates), "path ft");
  plot.line([start, probed].map(coordinates), "path lp");
  plot.line(sampled((place) => lpFt(problem, timeAt(place))).map(coordinates), "path lpft");
  plot.mark(coordinates(start), "ft", "open");
  const now = states(problem, time);
  for (const method of DRAWING_ORDER) plot.mark(coordinates(now[method]), method);
  if (Number.isFinite(right.idFeature)) plot.mark(coordinates(right), "truth");
  const conserved = start.head ** 2 - start.idFeature ** 2;
  return `Head and feature. Fine-tuning keeps v² − a² = ${short(conserved)} and ends at v = ${short(end.head)}, a = ${short(end.idFeature)}.`;
}

/** Error along time, with the bounds; gives the words and whether the published bound is violated somewhere. */
export function drawErrors(element, problem, time, bounds, lowest) {
  const curves = Object.fromEntries(Object.keys(METHODS).map((method) => [method, errorCurve(problem, method)]));
  const y = errorSpan(curves, bounds, lowest);
  const decades = [-2, 0, 2, 4].map((decade) => [10 ** decade, powerOfTen(decade)]);
  const place = (value) => (value === 0 ? 0 : placeOfTime(value));
  const x = { place, ticks: [[0, "0"], ...decades, [Infinity, "∞"]], label: "time, learning rate × steps" };
  const plot = frame(element, x, logarithmicAxis(...y, "OOD error, √risk"));
  for (const [bound, value] of Object.entries(bounds)) {
    if (value > 0) plot.line([[0, value], [Infinity, value]], `bound ${bound}`);
  }
  for (const method of DRAWING_ORDER) plot.line(curves[method], `path ${method}`);
  for (const run of runsBelow(curves.ft, bounds.published)) {
    plot.line(run.map(([moment]) => [moment, bounds.published]), "violated");
  }
  plot.line([[time, y[0]], [time, y[1]]], "now");
  const now = states(problem, time);
  for (const method of DRAWING_ORDER) plot.mark([time, oodError(problem, now[method])], method);
  const values = DRAWING_ORDER.map((method) => `${NAMES[method]} ${short(oodError(problem, now[method]))}`);
  return `OOD error along time. At time ${spokenTime(time)}: ${values.join(", ")}. Lowest of fine-tuning: ${short(lowest)}.`;
}

/** The moment at which fine-tuning is closest to the truth, on the time axis. */
export function bestStop(problem) {
  const at = (place) => oodError(problem, fineTuning(problem, timeAt(place)));
  const places = Array.from({ length: TIME_POINTS + 1 }, (_, point) => point / TIME_POINTS);
  const best = places.reduce((left, right) => (at(right) < at(left) ? right : left));
  const refined = goldenSection(at, best - 1 / TIME_POINTS, best + 1 / TIME_POINTS);
  return timeAt(at(refined) < at(best) ? refined : best);
}

export function states(problem, time) {
  return Object.fromEntries(Object.entries(METHODS).map(([method, solve]) => [method, solve(problem, time)]));
}

/** Three digits, without an exponent where it can be avoided. */
export function short(value) {
  const size = Math.abs(value);
  if (size < SMALLEST) return "0";
  if (size >= 1e-3 && size < 1e4) return String(Number(value.toPrecision(3))).replace("-", "−");
  const [digits, exponent] = value.toExponential(2).split("e");
  return `${digits.replace("-", "−")} × ${powerOfTen(Number(exponent))}`;
}

export function spokenTime(time) {
  return time === Infinity ? "∞" : short(time);
}

function errorCurve(problem, method) {
  const places = Array.from({ length: TIME_POINTS + 1 }, (_, point) => point / TIME_POINTS);
  if (method === "ft") {
    // A path may touch the truth between two points: the valley gets points of its own.
    const best = placeOfTime(bestStop(problem));
    for (let scale = 1 / TIME_POINTS; scale > 1e-9; scale /= 3) places.push(best - scale, best + scale);
    places.push(best);
    places.sort((left, right) => left - right);
  }
  return places
    .filter((place) => place >= 0 && place <= 1)
    .map((place) => [timeAt(place), oodError(problem, METHODS[method](problem, timeAt(place)))]);
}

function errorSpan(curves, bounds, lowest) {
  const errors = Object.values(curves).flatMap((curve) => curve.map(([, error]) => error));
  const highest = Math.max(...errors, ...Object.values(bounds), Number.MIN_VALUE);
  const special = [lowest, ...Object.values(bounds)].filter((value) => value > highest * 10 ** -MOST_DECADES);
  const low = Math.min(highest * 10 ** -SHOWN_DECADES, ...special.map((value) => value / 3));
  return [low, highest * 2];
}

/** Stretches of a curve below a level. */
function runsBelow(curve, level) {
  const runs = [];
  let open = null;
  for (const point of curve) {
    if (point[1] < level) {
      if (!open) runs.push((open = []));
      open.push(point);
    } else open = null;
  }
  return runs;
}

function sampled(along, points = 160) {
  return Array.from({ length: points + 1 }, (_, point) => along(point / points));
}

/** v a = u on one side of the origin, as far as the frame shows it. */
function zeroLoss(target, heads, features, sign) {
  if (target === 0) return sign > 0 ? [[heads[0], 0], [heads[1], 0]] : [[0, features[0]], [0, features[1]]];
  const longest = Math.max(Math.abs(heads[0]), Math.abs(heads[1]));
  const tallest = Math.max(Math.abs(features[0]), Math.abs(features[1]));
  const shortest = Math.abs(target) / tallest / 2;
  return sampled((place) => {
    const head = sign * shortest * (Math.max(longest, 2 * shortest) / shortest) ** place;
    return [head, target / head];
  });
}

function coordinates({ head, idFeature }) {
  return [head, idFeature];
}

/** An interval that holds the values with room around them, and zero where that is near. */
function span(values) {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const room = Math.max(0.12 * (high - low), NARROWEST * Math.max(Math.abs(low), Math.abs(high))) || 1;
  if (low >= 0 && low < high / 2) return [-0.03 * high, high + room];
  return [low - room, high + room];
}

function pair([first, second]) {
  return `(${short(first)}, ${short(second)})`;
}

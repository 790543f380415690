/** Lower bounds on sqrt(OOD risk) of fine-tuning at every time; formulas and names as in theory/bounds. */

import { fineTuningOnPath, oodError } from "./flow.js";

const BISECTIONS = 110;
/** Features and kept squares below these are rounding errors, as in theory/bounds/half_space.py. */
const [SILENT, CANCELLED] = [1e-12, 1e-12];
/** Points on the path at which the lowest error is first sought, and golden-section steps around the best. */
const [PATH_POINTS, GOLDEN_STEPS] = [1024, 90];

/** {published, corrected, implicit, half_space}; the published one may be negative and then says nothing. */
export function lowerBounds(problem) {
  const { norm, error, start } = problem;
  const cosine = Math.abs(problem.offFeature);
  const overlap = start.head * norm;
  const phi = Math.sqrt(Math.abs((overlap - norm ** 2) * (overlap + norm ** 2)));
  const longHead = Math.abs(overlap) >= norm ** 2;
  const headTerm = norm > 0 ? Math.min(phi, phi ** 2 / norm) / (1 + norm) ** 2 : 0;
  const top = longHead ? phi / (norm > 0 ? norm : 1) : Math.sqrt(phi > 0 ? phi : 1);
  const root = increasingRoot(phi, (x) => headErrorCeiling(x, norm, longHead), top);
  return {
    published: cosine * headTerm - error,
    corrected: Math.max((cosine / 2) * headTerm - error * norm, 0),
    implicit: Math.max(cosine * root - error * norm, 0),
    half_space: halfSpaceBound(problem),
  };
}

/**
 * With one unseen direction there is nothing to optimise: its weight is w2 = v b with a constant b, and v^2 - a^2 keeps
 * its value, so that |w2| is at least |b| sqrt(v0^2 - a0^2), with the sign that it had.
 */
function halfSpaceBound({ start, offFeature, target }) {
  if (Math.abs(offFeature) <= SILENT) return Math.abs(target[1]);
  const kept = (start.head - start.idFeature) * (start.head + start.idFeature);
  if (!(kept > CANCELLED * start.head ** 2)) return 0;
  return Math.max(Math.abs(offFeature) * Math.sqrt(kept) - Math.sign(start.head * offFeature) * target[1], 0);
}

/** inf_t sqrt(OOD risk) of fine-tuning, over its whole path. */
export function lowestFineTuningError(problem) {
  const at = (fraction) => oodError(problem, fineTuningOnPath(problem, fraction));
  let best = 0;
  for (let point = 1; point <= PATH_POINTS; point += 1) {
    if (at(point / PATH_POINTS) < at(best / PATH_POINTS)) best = point;
  }
  return Math.min(at(best / PATH_POINTS), at(goldenSection(at, (best - 1) / PATH_POINTS, (best + 1) / PATH_POINTS)));
}

/** Where a function with one valley in [low, high] is lowest; searched within [0, 1]. */
export function goldenSection(value, low, high) {
  const golden = (Math.sqrt(5) - 1) / 2;
  [low, high] = [Math.max(low, 0), Math.min(high, 1)];
  for (let step = 0; step < GOLDEN_STEPS; step += 1) {
    const [left, right] = [high - golden * (high - low), low + golden * (high - low)];
    if (value(left) < value(right)) high = right;
    else low = left;
  }
  return (low + high) / 2;
}

/** The largest phi^2 that a fine-tuned head within x of v* can have started from. */
function headErrorCeiling(x, norm, longHead) {
  const spread = x * Math.sqrt(1 + (norm + x) ** 2);
  const [withinSpread, within] = [Math.min(spread, norm), Math.min(x, norm)];
  if (longHead) return 2 * norm ** 3 * x + norm ** 2 * x ** 2 + withinSpread * (2 * norm - withinSpread);
  return norm ** 2 * within * (2 * norm - within) + 2 * norm * spread + spread ** 2;
}

function increasingRoot(phi, ceiling, top) {
  let [low, high] = [0, top];
  for (let step = 0; step < BISECTIONS; step += 1) {
    const middle = (low + high) / 2;
    if (ceiling(middle) < phi ** 2) low = middle;
    else high = middle;
  }
  return low;
}

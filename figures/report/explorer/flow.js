/**
 * The two-dimensional example, solved in closed form: one feature, training inputs along the first axis only (k = 1,
 * d = 2, m = 1). Loss, clock and formulas are those of theory/fine_tuning/one_id_direction.py, which this page's tests
 * compare it with. A state is {head, idFeature}: v and a; the feature off the training axis, b, never moves.
 */

/** Rapidity up to which an infinitely long path is followed. */
const LONGEST_PATH = 18;
/** Of a sum's size, in units of the last place, is taken for rounding where it decides between saddle and solution. */
const UNITS_OF_ROUNDING = 4;
/** Cosines of right angles come out of the library as 6e-17; a hidden feature is hidden exactly. */
const HIDDEN = 1e-15;

/**
 * @param {number} angle of the pretrained feature to the training axis, in radians.
 * @param {number} head at the start, in multiples of the true one.
 * @param {number} norm of the truth, |w*|.
 * @param {number} error of the feature, eps = |B0 - B*| in [0, sqrt 2); the truth is turned away from the training axis.
 */
export function problem({ angle, head, norm, error }) {
  const trueAngle = angle + 2 * Math.asin(error / 2);
  return {
    norm,
    error,
    start: { head: head * norm, idFeature: withoutRounding(Math.cos(angle)) },
    offFeature: Math.sin(angle),
    trueFeature: [withoutRounding(Math.cos(trueAngle)), Math.sin(trueAngle)],
    target: [norm * withoutRounding(Math.cos(trueAngle)), norm * Math.sin(trueAngle)],
  };
}

/** The weights w = B^T v of a state. */
export function weights(problem, { head, idFeature }) {
  return [head * idFeature, head * problem.offFeature];
}

/** sqrt(OOD risk) = |w - w*|: the worst error over inputs in the unit ball. */
export function oodError(problem, state) {
  const [first, second] = weights(problem, state);
  return Math.hypot(first - problem.target[0], second - problem.target[1]);
}

/** sqrt(ID risk): the same over inputs along the training axis. */
export function idError(problem, state) {
  return Math.abs(weights(problem, state)[0] - problem.target[0]);
}

/** Linear probing at a time from 0 to Infinity: the feature stays, the head relaxes exponentially. */
export function linearProbing(problem, time) {
  const { head, idFeature } = problem.start;
  const residual = problem.target[0] - idFeature * head;
  const rate = idFeature ** 2;
  if (rate === 0) return { head, idFeature };
  const moved = time === Infinity ? residual / idFeature : (-Math.expm1(-2 * rate * time) / rate) * idFeature * residual;
  return { head: head + moved, idFeature };
}

/** Fine-tuning at a time from 0 to Infinity, from the problem's start or another. */
export function fineTuning(problem, time, start = problem.start) {
  return boosted(start, ...riccatiPair(problem, start, time));
}

/** Fine-tuning from the head at which linear probing ends. */
export function lpFt(problem, time) {
  return fineTuning(problem, time, linearProbing(problem, Infinity));
}

/** Fine-tuning at a fraction of its whole path, in rapidity: covers start to limit evenly, whatever the time scales. */
export function fineTuningOnPath(problem, fraction) {
  const [x, y, gap] = riccatiPair(problem, problem.start, Infinity);
  const whole = Math.min(Math.max(rapidity(x, y, gap), -LONGEST_PATH), LONGEST_PATH);
  return orbit(problem.start, fraction * whole);
}

/** The start boosted by a rapidity: a point of the conserved hyperbola v^2 - a^2 = const. */
export function orbit(start, theta) {
  return boosted(start, Math.exp(theta), Math.exp(-theta), 2 * Math.sinh(theta));
}

/** (x, y, x - y) with exp(2 theta) = x / y, up to a common factor, none losing digits to cancellation. */
function riccatiPair(problem, start, time) {
  const [plus, minus] = sumAndDifference(start);
  const [p, n] = [plus ** 2 / 2, minus ** 2 / 2];
  const target = problem.target[0];
  const speed = Math.abs(target);
  const squaredRate = target ** 2 + p * n;
  const [tanhOverRate, closeness] = saturation(squaredRate, 2 * time);
  const gap = 2 * tanhOverRate * (target - start.head * start.idFeature);
  if (squaredRate <= 0 && time === Infinity) {
    return p + n > 0 ? [0, 0, gap] : [1, 1, 0]; // the saddle, or the origin at rest
  }
  const rate = Math.sqrt(squaredRate);
  // 1 - |u| T as a sum of positive terms
  const remainder = squaredRate > 0 ? ((p * n) / (rate + speed) + speed * closeness) / rate : 1;
  const grown = 1 + speed * tanhOverRate;
  const x = (target >= 0 ? grown : remainder) + n * tanhOverRate;
  const y = (target >= 0 ? remainder : grown) + p * tanhOverRate;
  return [x, y, gap];
}

/** tanh(delta s) / delta and 1 - tanh(delta s); at delta = 0 their limits. */
function saturation(squaredRate, clock) {
  if (clock === Infinity) return [squaredRate > 0 ? 1 / Math.sqrt(squaredRate) : 0, 0];
  if (squaredRate <= 0) return [clock, 1];
  const rate = Math.sqrt(squaredRate);
  const decay = Math.exp(-2 * rate * clock);
  return [-Math.expm1(-2 * rate * clock) / (1 + decay) / rate, (2 * decay) / (1 + decay)];
}

function rapidity(x, y, gap) {
  const [up, down] = [Math.max(x, Number.MIN_VALUE), Math.max(y, Number.MIN_VALUE)];
  return Math.abs(gap) < 0.5 * down ? Math.log1p(gap / down) / 2 : (Math.log(up) - Math.log(down)) / 2;
}

function boosted(start, x, y, gap) {
  const { head, idFeature } = start;
  if (!(x > 0 && y > 0)) return lightCone(0, 0); // an infinite rapidity stretches a coordinate that is zero
  const theta = rapidity(x, y, gap);
  if (Math.abs(theta) < 1) {
    const [cosh, sinh] = [Math.cosh(theta), Math.sinh(theta)];
    return { head: head * cosh + idFeature * sinh, idFeature: head * sinh + idFeature * cosh };
  }
  const ratio = Math.sqrt(x / y);
  const [plus, minus] = sumAndDifference(start);
  return lightCone(plus * ratio, minus / ratio);
}

/** v + a and v - a. One that is rounding alone is zero: it must not push a start off the path into a saddle. */
function sumAndDifference({ head, idFeature }) {
  const rounding = UNITS_OF_ROUNDING * Number.EPSILON * (Math.abs(head) + Math.abs(idFeature));
  return [head + idFeature, head - idFeature].map((sum) => (Math.abs(sum) > rounding ? sum : 0));
}

function lightCone(plus, minus) {
  return { head: (plus + minus) / 2, idFeature: (plus - minus) / 2 };
}

function withoutRounding(cosine) {
  return Math.abs(cosine) < HIDDEN ? 0 : cosine;
}

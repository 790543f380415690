/** Small plots in SVG: a frame with axes, and marks in its coordinates. Colours and dashes come from the style sheet. */

const NAMESPACE = "http://www.w3.org/2000/svg";
const [WIDTH, HEIGHT] = [360, 290];
const MARGIN = { left: 62, right: 12, top: 10, bottom: 40 };
const INNER = { width: WIDTH - MARGIN.left - MARGIN.right, height: HEIGHT - MARGIN.top - MARGIN.bottom };
const SUPERSCRIPTS = { "-": "⁻", 0: "⁰", 1: "¹", 2: "²", 3: "³", 4: "⁴", 5: "⁵", 6: "⁶", 7: "⁷", 8: "⁸", 9: "⁹" };
/** Outlines of the methods' marks, as in the figures of this report: square, circle, triangle, and the truth's star. */
const MARKS = {
  lp: "M-4.5-4.5h9v9h-9z",
  ft: "M-5 0a5 5 0 1 0 10 0a5 5 0 1 0-10 0z",
  lpft: "M0-8.5L8 6H-8z",
  truth: "M0-6.3l1.5 4.2 4.5.1-3.6 2.7 1.3 4.3L0 2.5l-3.7 2.5 1.3-4.3L-6-2l4.5-.1z",
};

/**
 * An axis: `place` maps a value to [0, 1]; ticks are [value, text] pairs.
 * @typedef {{place: (value: number) => number, ticks: [number, string][], label: string}} Axis
 */

/** @returns {Axis} from low to high, with round ticks. */
export function linearAxis(low, high, label) {
  const rough = (high - low) / 5;
  const decade = 10 ** Math.floor(Math.log10(rough));
  const step = decade * [1, 2, 5, 10].find((factor) => factor * decade >= rough);
  const ticks = [];
  for (let count = Math.ceil(low / step); count * step <= high * (1 + 1e-12); count += 1) {
    ticks.push([count * step, String(Number((count * step).toPrecision(6)))]);
  }
  return { place: (value) => (value - low) / (high - low), ticks, label };
}

/** @returns {Axis} logarithmic, with ticks at decades; what is not positive lies below the frame. */
export function logarithmicAxis(low, high, label) {
  const [first, last] = [Math.ceil(Math.log10(low)), Math.floor(Math.log10(high))];
  const every = Math.max(1, Math.ceil((last - first + 1) / 6));
  const ticks = [];
  for (let decade = first; decade <= last; decade += every) ticks.push([10 ** decade, powerOfTen(decade)]);
  const place = (value) => (value > 0 ? Math.log(value / low) / Math.log(high / low) : -9);
  return { place, ticks, label };
}

export function powerOfTen(exponent) {
  return "10" + [...String(exponent)].map((digit) => SUPERSCRIPTS[digit]).join("");
}

/** An empty frame in an svg element; gives functions that draw into it. */
export function frame(element, x, y) {
  element.setAttribute("viewBox", `0 0 ${WIDTH} ${HEIGHT}`);
  element.replaceChildren();
  const at = ([horizontal, vertical]) => [
    Math.max(-9, Math.min(10, x.place(horizontal))) * INNER.width,
    (1 - Math.max(-9, Math.min(10, y.place(vertical)))) * INNER.height,
  ];
  drawAxes(element, x, y);
  // Its own svg element clips what leaves the frame; marks lie above it, whole even at the edge.
  const inside = append(element, "svg", { x: MARGIN.left, y: MARGIN.top, ...INNER });
  const above = append(element, "g", { transform: `translate(${MARGIN.left} ${MARGIN.top})` });
  return {
    line(points, style) {
      const steps = points.map((point) => at(point).map(rounded).join(" "));
      append(inside, "path", { d: "M" + steps.join("L"), class: style });
    },
    mark(point, kind, style = "") {
      const [left, top] = at(point);
      if (left < -1 || left > INNER.width + 1 || top < -1 || top > INNER.height + 1) return;
      const transform = `translate(${rounded(left)} ${rounded(top)})`;
      append(above, "path", { d: MARKS[kind], transform, class: `mark ${kind} ${style}` });
    },
    text(point, words, style, [right = 0, down = 0] = []) {
      const [left, top] = at(point);
      append(above, "text", { x: rounded(left + right), y: rounded(top + down), class: style }).textContent = words;
    },
  };
}

/** The mark of a method or of the truth alone, for a legend. */
export function legendMark(element, kind) {
  element.setAttribute("viewBox", "-22 -9 44 18");
  if (kind !== "truth") append(element, "path", { d: "M-22 0H22", class: `path ${kind}` });
  append(element, "path", { d: MARKS[kind], class: `mark ${kind}` });
}

function drawAxes(element, x, y) {
  const axes = append(element, "g", { class: "axes", transform: `translate(${MARGIN.left} ${MARGIN.top})` });
  for (const [value, text] of x.ticks) {
    const left = rounded(x.place(value) * INNER.width);
    append(axes, "path", { d: `M${left} 0V${INNER.height}`, class: "grid" });
    append(axes, "text", { x: left, y: INNER.height + 15, class: "tick middle" }).textContent = text;
  }
  for (const [value, text] of y.ticks) {
    const top = rounded((1 - y.place(value)) * INNER.height);
    append(axes, "path", { d: `M0 ${top}H${INNER.width}`, class: "grid" });
    append(axes, "text", { x: -6, y: top + 4, class: "tick end" }).textContent = text;
  }
  append(axes, "path", { d: `M0 0V${INNER.height}H${INNER.width}`, class: "spine" });
  const [middle, bottom] = [INNER.width / 2, INNER.height + 34];
  append(axes, "text", { x: middle, y: bottom, class: "label middle" }).textContent = x.label;
  const turned = { transform: `translate(-51 ${INNER.height / 2}) rotate(-90)`, class: "label middle" };
  append(axes, "text", turned).textContent = y.label;
}

function append(parent, tag, attributes) {
  const element = document.createElementNS(NAMESPACE, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  parent.append(element);
  return element;
}

function rounded(value) {
  return Math.round(value * 100) / 100;
}

/** The explorer: five sliders, three pictures, and what the bounds say about the problem that the sliders describe. */

import { lowerBounds, lowestFineTuningError } from "./bounds.js";
import { idError, oodError, problem } from "./flow.js";
import { METHODS, bestStop, drawErrors, drawHyperbola, drawWeights, placeOfTime, short } from "./panels.js";
import { spokenTime, states, timeAt } from "./panels.js";
import { legendMark } from "./plot.js";

/** A violation counts from here, relative to the bound and to the truth: rounding cannot reach it. */
const [TOLERANCE, ROUNDING] = [1e-9, 1e-14];
const PLAY_SECONDS = 6;

/** What each slider means: its steps, the value at a step and back, and how the value is said. */
const CONTROLS = {
  angle: {
    steps: [0, 180],
    value: (step) => (step * Math.PI) / 360,
    step: (value) => (value * 360) / Math.PI,
    say: (value) => `${short((value * 180) / Math.PI)}°`,
  },
  head: {
    steps: [-200, 300],
    value: (step) => step / 100,
    step: (value) => 100 * value,
    say: (value) => `${short(value)} v*`,
  },
  norm: {
    steps: [-300, 100],
    value: (step) => 10 ** (step / 100),
    step: (value) => 100 * Math.log10(value),
    say: short,
  },
  error: {
    steps: [0, 414],
    value: (step) => (step === 0 ? 0 : 10 ** (step / 100 - 4)),
    step: (value) => (value === 0 ? 0 : 100 * (Math.log10(value) + 4)),
    say: short,
  },
  time: {
    steps: [0, 400],
    value: (step) => timeAt(step / 400),
    step: (value) => 400 * placeOfTime(value),
    say: spokenTime,
  },
};

/** Problems to start from; `time: null` is the moment at which fine-tuning is closest to the truth. */
const PRESETS = {
  example: { angle: 0.6, head: 0.15, norm: 1, error: 0, time: 1 },
  constant: { angle: Math.acos(0.95), head: 2, norm: 0.01, error: 0, time: null },
  "eps-term": {
    angle: 0.010003686,
    head: 2.896385938 / 2.718281782,
    norm: 2.718281782,
    error: 2 * Math.sin((0.010590487 - 0.010003686) / 2),
    time: null,
  },
};

function start(root) {
  const find = (name) => root.querySelector(`[data-part="${name}"]`);
  const state = {};
  let playing = 0;

  function set(values, preset = null) {
    Object.assign(state, values);
    for (const name of Object.keys(PRESETS)) find(`preset-${name}`).setAttribute("aria-pressed", name === preset);
    for (const [name, control] of Object.entries(CONTROLS)) {
      const slider = find(`slider-${name}`);
      slider.value = Math.round(control.step(state[name]));
      slider.setAttribute("aria-valuetext", control.say(state[name]));
      find(`value-${name}`).textContent = control.say(state[name]);
    }
    draw();
  }

  function draw() {
    const current = problem(state);
    const [bounds, lowest] = [lowerBounds(current), lowestFineTuningError(current)];
    const words = {
      weights: drawWeights(find("weights"), current, state.time),
      hyperbola: drawHyperbola(find("hyperbola"), current, state.time),
      errors: drawErrors(find("errors"), current, state.time, bounds, lowest),
    };
    for (const [picture, text] of Object.entries(words)) find(picture).setAttribute("aria-label", text);
    for (const [method, at] of Object.entries(states(current, state.time))) {
      find(`ood-${method}`).textContent = short(oodError(current, at));
      find(`id-${method}`).textContent = short(idError(current, at));
    }
    for (const [bound, value] of Object.entries(bounds)) {
      find(`bound-${bound}`).textContent = value > 0 ? short(value) : "says nothing";
    }
    find("lowest").textContent = short(lowest);
    const broken = brokenBounds(current, bounds, lowest);
    root.classList.toggle("is-violated", broken.length > 0);
    const verdict = find("verdict");
    const said = verdictOn(bounds, lowest, broken);
    if (verdict.textContent !== said) verdict.textContent = said;
  }

  function choose(name) {
    stop();
    const preset = PRESETS[name];
    set({ ...preset, time: preset.time ?? bestStop(problem(preset)) }, name);
  }

  function stop() {
    cancelAnimationFrame(playing);
    playing = 0;
    find("play").setAttribute("aria-pressed", "false");
  }

  function play() {
    if (playing) return stop();
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) return set({ time: Infinity });
    find("play").setAttribute("aria-pressed", "true");
    let began = null;
    const step = (now) => {
      began ??= now;
      const place = Math.min((now - began) / 1000 / PLAY_SECONDS, 1);
      playing = place < 1 ? requestAnimationFrame(step) : 0;
      set({ time: timeAt(place) });
      if (place >= 1) stop();
    };
    playing = requestAnimationFrame(step);
  }

  for (const [name, control] of Object.entries(CONTROLS)) {
    const slider = find(`slider-${name}`);
    [slider.min, slider.max] = control.steps;
    slider.addEventListener("input", () => {
      if (name === "time") stop();
      set({ [name]: control.value(Number(slider.value)) });
    });
  }
  for (const name of Object.keys(PRESETS)) find(`preset-${name}`).addEventListener("click", () => choose(name));
  find("play").addEventListener("click", play);
  for (const mark of root.querySelectorAll("[data-mark]")) legendMark(mark, mark.dataset.mark);
  choose("example");
  root.hidden = false;
  return { state, set, choose };
}

/** The bounds above what fine-tuning reaches. */
function brokenBounds(current, bounds, lowest) {
  const room = ROUNDING * current.norm;
  return Object.keys(bounds).filter((name) => lowest < bounds[name] * (1 - TOLERANCE) - room);
}

function spoken(name) {
  return name.replace("_", "-");
}

function verdictOn(bounds, lowest, broken) {
  if (broken.length === 0) {
    const [name, value] = Object.entries(bounds).filter(([proved]) => proved !== "published").reduce((a, b) => (b[1] > a[1] ? b : a));
    const guarantee = value > 0 ? `the ${spoken(name)} bound guarantees ${short(value)}` : "the bounds say nothing here";
    return `No bound is violated. Fine-tuning never comes below ${short(lowest)}; ${guarantee}.`;
  }
  const said = broken.map(
    (name) => `The ${spoken(name)} bound is violated: it promises an error of at least ${short(bounds[name])} at all times.`,
  );
  const kept = Object.keys(bounds).filter((name) => !broken.includes(name));
  const holding = kept.length > 0 ? ` Not violated: ${kept.map(spoken).join(", ")}.` : "";
  return `${said.join(" ")} Fine-tuning comes down to ${short(lowest)}.${holding}`;
}

/** For the console and for tests: the page's own functions. */
const root = document.querySelector("#explorer [data-part=explorer]");
if (root) globalThis.explorer = { ...start(root), problem, METHODS, lowerBounds, lowestFineTuningError, oodError, idError };

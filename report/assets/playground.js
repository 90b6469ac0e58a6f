/*
 * The playground of a report: readings in, predictions of the model's own modules out. Each module
 * stands in a script of its own and has left its functions in globalThis.mlpEdge; this one computes
 * no prediction. Above, functions of plain values; below, what they do to the page.
 */

/* The fewest digits that read back as this float32 number. */
export function shortest(value) {
  if (!Number.isFinite(value)) {
    return Number.isNaN(value) ? "" : value > 0 ? "∞" : "−∞";
  }
  for (let digits = 1; digits < 9; digits++) {
    const text = value.toPrecision(digits);
    if (Math.fround(Number(text)) === value) {
      return String(Number(text));
    }
  }
  return String(Number(value.toPrecision(9)));
}

/* Three digits of a difference, with its sign. */
export function difference(value) {
  return (value > 0 ? "+" : "") + String(Number(value.toPrecision(3)));
}

/* The reading in a field, as float32: NaN where it is missing. */
export function reading(text, missing) {
  return missing || text.trim() === "" ? NaN : Math.fround(Number(text));
}

/* What is to be known of a reading: "missing", "outside", "unknown", or "" of a plain one. */
export function oddity({ low, high, codes, sentinel }, value) {
  if (Number.isNaN(value) || value === sentinel) {
    return "missing";
  }
  if (codes) {
    return codes.includes(value) ? "" : "unknown";
  }
  return value < Math.fround(low) || value > Math.fround(high) ? "outside" : "";
}

/* Whether a bound for all rows of the declared ranges is one for this row. */
export function covered(features, values) {
  return features.every((feature, i) => oddity(feature, values[i]) !== "outside");
}

/*
 * How far a prediction is from another label: of one output from the threshold, of several from
 * the runner-up; null of a regression.
 */
export function margin({ task, threshold }, predictions) {
  if (task === "regression") {
    return null;
  }
  if (task === "binary") {
    return predictions[0] - threshold;
  }
  const [best, second] = [...predictions].sort((a, b) => b - a);
  return best - second;
}

/*
 * What every float32 runtime makes of a row that is within the bounds. Two of them, this browser
 * among them, are at most two bounds apart, one on either side of the exact prediction.
 *
 * The bounds are those of the worst row in the declared ranges. A row's own are narrower, and
 * deriving them takes the whole of mlp-edge's proof: what they do not settle, it may.
 *
 * "none": no prediction; "unproved": no bound; "label": one label; "open": these bounds
 * settle no label; "value": of a regression, whose values lie within two bounds.
 */
export function certainty({ task, threshold }, predictions, bounds) {
  if (predictions.some(Number.isNaN)) {
    return "none";
  }
  if (!bounds || !bounds.every(Number.isFinite)) {
    return "unproved";
  }
  if (task === "regression") {
    return "value";
  }
  if (task === "binary") {
    return Math.abs(predictions[0] - threshold) > 2 * bounds[0] ? "label" : "open";
  }
  const best = predictions.indexOf(Math.max(...predictions));
  const lowest = predictions[best] - 2 * bounds[best];
  const rivals = [...predictions].map((value, i) => value + 2 * bounds[i]);
  return rivals.every((value, i) => i === best || value < lowest) ? "label" : "open";
}

/* The words for that, of a model of a dtype. */
export function promise(data, { dtype, integers }, values, predictions) {
  const inside = covered(data.features, values);
  const found = certainty(data, predictions, data.bounds);
  if (found === "none") {
    return "no prediction";
  }
  if (integers) {
    return "these bits";
  }
  if (!inside) {
    return "nothing is promised";
  }
  const widest = data.bounds && 2 * Math.max(...data.bounds);
  return {
    unproved: "not proved",
    label: "certain",
    open: "not certain by this bound",
    value: `± ${String(widest)}`,
  }[found];
}

/* What golden rows say of modules: the models by dtype, the functions that each has left. */
export function golden(models, modules) {
  const wrong = [];
  let rows = 0;
  for (const { dtype, golden: count } of models) {
    if (!modules[dtype]) {
      wrong.push(`${dtype} did not start`);
      continue;
    }
    const row = modules[dtype].selftest();
    rows += count;
    if (row !== 0) {
      wrong.push(`${dtype} has other bits in golden row ${row} of ${count}`);
    }
  }
  if (wrong.length > 0) {
    return { good: false, text: `This browser does not compute what was proved: ${wrong.join("; ")}.` };
  }
  const text = `This browser computes what was proved: ${rows} of ${rows} golden rows, bit for bit.`;
  return { good: true, text };
}

/* The targets of a held-out row, as far as the table has them. */
export function known(data, number) {
  const cells = data.targets[number] ?? [];
  const parts = cells.map((cell, i) => cell && `${data.names[i]} is ${cell}`).filter(Boolean);
  return parts.length > 0 ? `In the table, ${parts.join(", ")}.` : "";
}

/* A sentence for those who do not see the table. */
export function sentence(data, results) {
  return results.map(({ dtype, predictions, label }) => {
    const numbers = data.task === "multiclass" ? [] : [...predictions].map(shortest);
    const found = [label, ...numbers].filter((part) => part !== "").join(", ");
    return `${dtype}: ${found || "no prediction"}.`;
  }).join(" ");
}

/* The page. */

const PAUSE = 600; /* milliseconds without a change before a screen reader is told */

function start(root, data, modules) {
  const part = (name) => root.querySelector(`[data-part="${name}"]`);
  const running = data.models.filter(({ dtype }) => modules[dtype]);
  const fields = data.features.map((feature, i) => fieldOf(root, feature, i, () => {
    part("truth").textContent = "";
    tell(update());
  }));
  let waiting = 0;

  /* Predicts what is in the fields. */
  function update() {
    const values = fields.map((field) => field.value());
    const results = running.map((model) => {
      const module = modules[model.dtype];
      const predictions = module.predict(values);
      const label = data.labels[module.classify?.(values)] ?? "";
      return { dtype: model.dtype, model, predictions, label };
    });
    results.forEach((result) => show(result, values));
    const outside = data.features.filter((feature, i) => oddity(feature, values[i]) === "outside");
    part("outside").hidden = outside.length === 0;
    return results;
  }

  function tell(results) {
    clearTimeout(waiting);
    waiting = setTimeout(() => {
      part("said").textContent = sentence(data, results);
    }, PAUSE);
  }

  function show({ model, predictions, label }, values) {
    const cell = (what) => root.querySelector(`[data-dtype="${model.dtype}"][data-what="${what}"]`);
    predictions.forEach((value, i) => {
      cell(`output ${i}`).textContent = Number.isNaN(value) ? "none" : shortest(value);
    });
    const far = margin(data, predictions);
    if (far !== null) {
      cell("label").textContent = label || "none";
      cell("margin").textContent = Number.isNaN(far) ? "none" : difference(far);
    }
    cell("promise").textContent = promise(data, model, values, predictions);
  }

  function set(row) {
    fields.forEach((field, i) => field.set(row[i]));
    return update();
  }

  part("typical").addEventListener("click", () => {
    part("truth").textContent = "";
    tell(set(data.typical));
  });
  part("random").addEventListener("click", () => {
    const number = Math.floor(Math.random() * data.rows.length);
    part("truth").textContent = known(data, number);
    tell(set(data.rows[number]));
  });
  const found = golden(data.models, modules);
  part("badge").textContent = found.text;
  part("badge").dataset.good = String(found.good);
  part("off").hidden = true;
  part("on").hidden = false;
  set(data.typical);
}

/* The controls of a feature: what is in them, and how to put a reading there; null is missing. */
function fieldOf(root, feature, number, changed) {
  const place = root.querySelector(`[data-feature="${number}"]`);
  const [control, slider, missing, note] = ["control", "slider", "missing", "note"].map((name) =>
    place.querySelector(`[data-part="${name}"]`));
  const value = () => reading(control.value, missing?.checked ?? false);

  function follow() {
    control.disabled = missing?.checked ?? false;
    if (slider) {
      slider.disabled = control.disabled;
      slider.value = control.value;
      slider.setAttribute("aria-valuetext", `${control.value} ${feature.unit}`.trim());
    }
    note.textContent = control.validity.badInput ? "not a number" : noted(feature, value());
  }

  function set(wanted) {
    if (missing) {
      missing.checked = wanted === null;
    }
    if (wanted !== null || !missing) {
      control.value = wanted === null ? "" : shortest(Math.fround(wanted));
    }
    follow();
  }

  for (const [one, event] of [[control, "input"], [missing, "change"]]) {
    one?.addEventListener(event, () => {
      follow();
      changed();
    });
  }
  slider?.addEventListener("input", () => {
    const within = Math.min(Math.max(Number(slider.value), feature.low), feature.high);
    control.value = shortest(Math.fround(within));
    follow();
    changed();
  });
  return { value, set };
}

/* What stands beside a reading. */
function noted(feature, value) {
  switch (oddity(feature, value)) {
    case "missing":
      return feature.filled ? `missing: counts as ${feature.filled}` : "missing: no prediction";
    case "outside":
      return `outside ${shortest(Math.fround(feature.low))} to ${shortest(Math.fround(feature.high))}`;
    case "unknown":
      return "none of the categories";
    default:
      return "";
  }
}

const root = globalThis.document?.getElementById("playground");
const text = root?.querySelector('script[type="application/json"]')?.textContent;
if (text) {
  start(root, JSON.parse(text), globalThis.mlpEdge ?? {});
}

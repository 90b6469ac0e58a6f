/* The slider of the threshold, which moves the confusion matrix and the marks on the curves. */

const place = document.getElementById("threshold");
const text = document.getElementById("thresholds")?.textContent;

if (place && text) {
  start(place, JSON.parse(text));
}

function start(place, { own, all }) {
  const [slider, output, button] = ["input", "output", "button"].map((name) => place.querySelector(name));
  const curves = document.querySelectorAll("[data-curve]");
  const home = all.reduce((best, each, i) =>
    Math.abs(each.threshold - own) < Math.abs(all[best].threshold - own) ? i : best, 0);

  function show() {
    const at = all[slider.valueAsNumber];
    const recall = share(at.tp, at.fn);
    const precision = share(at.tp, at.fp);
    const alarms = share(at.fp, at.tn);
    const shown = {
      threshold: String(at.threshold),
      ...Object.fromEntries(["tp", "fp", "fn", "tn"].map((key) => [key, at[key].toLocaleString("en")])),
      recall: percent(recall, at.tp + at.fn),
      specificity: percent(share(at.tn, at.fp), at.tn + at.fp),
    };
    document.querySelectorAll("[data-at]").forEach((cell) => {
      cell.textContent = shown[cell.dataset.at];
    });
    curves.forEach((mark) => {
      const [x, y] = mark.dataset.curve === "roc" ? [alarms, recall] : [recall, precision];
      const [left, right, bottom, top] = mark.dataset.frame.split(" ").map(Number);
      mark.setAttribute("cx", left + x * (right - left));
      mark.setAttribute("cy", bottom + y * (top - bottom));
    });
    output.textContent = shown.threshold;
    slider.setAttribute("aria-valuetext", `${shown.threshold}: ${shown.recall} found, ${shown.fp} false positives`);
  }

  slider.addEventListener("input", show);
  button.addEventListener("click", () => {
    slider.valueAsNumber = home;
    show();
  });
  slider.valueAsNumber = home;
  place.hidden = false;
  show();
}

function share(count, others) {
  return count ? count / (count + others) : 0;
}

function percent(value, rows) {
  return rows ? `${(100 * value).toFixed(1)} %` : "–";
}

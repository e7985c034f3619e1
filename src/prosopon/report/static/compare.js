"use strict";

/* Draws the comparison of several tables into `element`. Needs Plotly on the page. */
function mountComparison(element, data) {
  const R = ProsoponReport;
  element.classList.add("prosopon-report");
  const colors = Object.fromEntries(data.groups.map((group, i) => [group.name, R.COLORS[i % R.COLORS.length]]));
  element.replaceChildren(measures(), small(), list());

  function plot(card, traces, layout) {
    const box = R.el("div", { className: "pr-plot" });
    card.append(box);
    const watch = new ResizeObserver(() => {
      if (!box.clientWidth) return;
      watch.disconnect();
      Plotly.react(box, traces, R.layout(layout), R.CONFIG);
    });
    watch.observe(box);
    return box;
  }

  /* Every measure: a dot a recording, the group's mean with its interval beside them. */
  function measures() {
    const cards = data.measures.map((measure) => {
      const words = [];
      const traces = data.groups.flatMap((group, g) => {
        const values = data.files.filter((file) => file.group === group.name)
          .map((file) => [file.measures[measure.key], file.name]).filter(([value]) => value !== null);
        const mean = group.measures[measure.key];
        if (mean.mean === null) return [];
        words.push(`${group.name} ${R.format(mean.mean)}${mean.low === null ? "" : ` (${R.format(mean.low)} to ${R.format(mean.high)})`}`);
        return [
          { mode: "markers", cliponaxis: false, x: values.map(([value]) => value), y: values.map((_, i) => g + 0.18 + 0.03 * (i % 5)), text: values.map(([, name]) => name),
            marker: { color: colors[group.name], opacity: 0.55, size: 7 }, hovertemplate: "%{text}: %{x:.3f}<extra></extra>" },
          { mode: "markers", cliponaxis: false, x: [mean.mean], y: [g - 0.12], marker: { color: colors[group.name], symbol: "diamond", size: 11 },
            error_x: mean.low === null ? undefined : { type: "data", symmetric: false, array: [mean.high - mean.mean], arrayminus: [mean.mean - mean.low], thickness: 2, width: 5 },
            hovertemplate: `${group.name}: mean %{x:.3f} of ${mean.n}<extra></extra>` },
        ];
      });
      const card = R.section(measure.title, measure.unit);
      const box = plot(card, traces, {
        height: 50 + 52 * data.groups.length, margin: { l: 96, r: 16, t: 4, b: 28 }, hovermode: "closest",
        xaxis: { gridcolor: "#eee", zerolinecolor: "#bbb", fixedrange: true, rangemode: measure.limits[0] === 0 ? "tozero" : "normal" },
        yaxis: { tickvals: data.groups.map((_, i) => i), ticktext: data.groups.map((group) => group.name), range: [data.groups.length - 0.5, -0.5], fixedrange: true, automargin: false },
      });
      box.setAttribute("role", "img");
      box.setAttribute("aria-label", `${measure.title}: ${words.join("; ")}`);
      return card;
    });
    return R.el("section", { "aria-label": "Group means" }, R.el("h2", { textContent: "Groups" }),
      R.el("p", { className: "pr-note", textContent: data.note }), R.el("div", { className: "pr-cards" }, ...cards));
  }

  /* One small plot a recording of the signal that is chosen, all on the same axes. */
  function small() {
    const choice = R.el("select", { "aria-label": "Signal" }, ...data.signals.map((signal, i) => R.el("option", { value: i, textContent: signal.title })));
    const grid = R.el("div", { className: "pr-grid" });
    const longest = Math.max(...data.files.map((file) => file.seconds), 0.1);
    const files = data.files.map((file) => ({ ...file, x: R.unpack(file.time).values, series: R.unpack(file.series) }));
    const fill = () => {
      grid.querySelectorAll(".js-plotly-plot").forEach((box) => Plotly.purge(box));
      const signal = data.signals[Number(choice.value)];
      const k = data.signals.indexOf(signal);
      grid.replaceChildren(...files.map((file) => {
        const n = file.series.shape[1];
        const values = file.series.values.subarray(k * n, (k + 1) * n);
        const title = R.el("h4", {}, file.name, R.el("small", { textContent: ` ${file.group}` }));
        const card = R.el("section", { className: "pr-card" }, title);
        const box = plot(card, [{ x: file.x, y: values, mode: "lines", connectgaps: false, line: { color: colors[file.group], width: 1.2 },
          hovertemplate: "%{x:.2f}: %{y:.2f}<extra></extra>" }], {
          height: 120, margin: { l: 34, r: 8, t: 8, b: 22 },
          xaxis: { range: [0, longest], gridcolor: "#eee", fixedrange: true, ticksuffix: " s" },
          yaxis: { range: signal.limits, gridcolor: "#eee", fixedrange: true, tickvals: [signal.limits[0], (signal.limits[0] + signal.limits[1]) / 2, signal.limits[1]] },
        });
        box.setAttribute("role", "img");
        box.setAttribute("aria-label", `${signal.title} of ${file.name} over time`);
        return card;
      }));
    };
    choice.addEventListener("change", fill);
    fill();
    return R.el("section", { "aria-label": "Recordings" },
      R.el("div", { className: "pr-bar" }, R.el("h2", { textContent: "Recordings" }), R.el("label", { className: "pr-choice" }, "Signal ", choice)), grid);
  }

  function list() {
    const rows = data.files.map((file) => [file.name, file.group, String(file.people),
      ...data.measures.map((measure) => R.format(file.measures[measure.key]))]);
    const card = R.section("Figures", "Of the person with the most measured frames in each recording.",
      R.table("Figures by recording", ["Recording", "Group", "People", ...data.measures.map((measure) => measure.title)], rows));
    card.classList.add("pr-wide");
    return card;
  }
}

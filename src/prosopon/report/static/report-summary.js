"use strict";

/* One person's figures, and what the table came from. */
(() => {
  const R = ProsoponReport;

  R.makeSummary = (model, state) => {
    const body = R.el("div", { className: "pr-cards" });
    const fill = () => {
      body.querySelectorAll(".js-plotly-plot").forEach((plot) => Plotly.purge(plot));
      const person = state.current;
      body.replaceChildren(...(person ? cards(model, state, person) : []));
    };
    state.on("person", fill);
    return { element: body, fill };
  };

  function cards(model, state, person) {
    const { summary, maps } = person;
    return [
      person.signals.au ? unitMap(model, state, person) : null,
      summary.emotion ? emotionCard(summary.emotion) : null,
      maps.plane ? planeCard(maps.plane, summary) : null,
      summary.au ? unitTable(summary.au) : null,
      maps.head ? polarCard("Head direction", "Away from the camera, degrees; up is up, right is the picture's right", maps.head) : null,
      maps.gaze ? polarCard("Gaze direction", "Away from the camera, degrees; up is up, right is the picture's right", maps.gaze) : null,
      model.axis === "time" ? eventCard(summary) : null,
      qualityCard(model, person),
    ].filter(Boolean);
  }

  function plotCard(title, note, describe, traces, layout, after) {
    const plot = R.el("div", { className: "pr-plot", role: "img", "aria-label": describe });
    const card = R.section(title, note, plot);
    const watch = new ResizeObserver(() => {
      if (!card.clientWidth) return;
      watch.disconnect();
      Plotly.react(plot, traces, R.layout(layout), R.CONFIG);
      after?.(plot);
    });
    watch.observe(card);
    return card;
  }

  function emotionCard(emotion) {
    const names = Object.keys(emotion);
    const shares = names.map((name) => emotion[name].share ?? 0);
    const words = names.map((name) => `${name} ${R.percent(emotion[name].share)}`);
    return plotCard("Emotion", "Share of measured frames in which each has the largest share of raters; the mark is its mean share.",
      `Emotion shares: ${words.join(", ")}`,
      [
        { type: "bar", orientation: "h", x: shares, y: names, marker: { color: "#56B4E9" },
          customdata: shares.map(R.percent), hovertemplate: "%{y}: %{customdata}<extra></extra>" },
        { mode: "markers", x: names.map((name) => emotion[name].mean), y: names,
          marker: { symbol: "line-ns-open", size: 14, color: "#222", line: { width: 2 } },
          hovertemplate: "%{y}: mean share %{x:.2f}<extra></extra>" },
        { mode: "text", x: names.map(() => 1.2), y: names, text: shares.map(R.percent), textposition: "middle left", hoverinfo: "skip" },
      ],
      { height: 260, margin: { l: 78, r: 12, t: 6, b: 28 },
        xaxis: { range: [0, 1.2], tickvals: [0, 0.5, 1], tickformat: ".0%", gridcolor: "#eee", zeroline: false }, yaxis: { autorange: "reversed" } });
  }

  function unitMap(model, state, person) {
    const group = model.groups.find((one) => one.key === "au");
    const card = plotCard("Action units over time", "Intensity 0–5; grey where not measured. Press to go there.",
      "Heat map of the intensity of every action unit over time",
      [{ type: "heatmap", x: person.time, y: group.names, z: person.signals.au, zmin: 0, zmax: 5,
        colorscale: R.SHADES, hoverongaps: false,
        colorbar: { thickness: 10, outlinewidth: 0, len: 1 },
        hovertemplate: "%{y} at %{x:.2f}: %{z:.2f}<extra></extra>" }],
      { height: 30 + 17 * group.names.length, plot_bgcolor: "#c9c9c9", xaxis: { ticksuffix: model.axis === "picture" ? "" : " s", fixedrange: true },
        yaxis: { autorange: "reversed", dtick: 1, tickfont: { size: 10 }, fixedrange: true } },
      (plot) => plot.on("plotly_click", (event) => state.seek(R.nearest(model.times, event.points[0].x))));
    card.classList.add("pr-wide");
    return card;
  }

  function planeCard(plane, summary) {
    const cells = plane.length;
    const centers = Array.from({ length: cells }, (_, i) => -1 + (2 * i + 1) / cells);
    const z = plane.map((row) => row.map((count) => (count ? Math.log10(1 + count) : null)));
    const [valence, arousal] = [summary.valence.mean, summary.arousal.mean];
    return plotCard("Valence and arousal", "Darker: more frames (logarithmic). The cross is the mean.",
      `Density on the plane; mean valence ${R.format(valence)}, mean arousal ${R.format(arousal)}`,
      [
        { type: "heatmap", x: centers, y: centers, z, customdata: plane, colorscale: R.SHADES,
          zmin: -0.3, showscale: false, hoverongaps: false,
          hovertemplate: "valence %{x:.2f}, arousal %{y:.2f}: %{customdata} frames<extra></extra>" },
        { mode: "markers", x: [valence], y: [arousal], marker: { symbol: "cross", size: 12, color: "#D55E00", line: { color: "#fff", width: 1 } },
          hovertemplate: "mean: valence %{x:.2f}, arousal %{y:.2f}<extra></extra>" },
      ],
      { height: 330, hovermode: "closest",
        xaxis: { range: [-1.05, 1.05], title: { text: "valence" }, gridcolor: "#eee", zerolinecolor: "#999", constrain: "domain" },
        yaxis: { range: [-1.05, 1.05], title: { text: "arousal" }, gridcolor: "#eee", zerolinecolor: "#999", scaleanchor: "x" },
        margin: { l: 52, r: 12, t: 6, b: 42 },
        shapes: [{ type: "circle", x0: -1, x1: 1, y0: -1, y1: 1, line: { color: "#bbb", width: 1 } }] });
  }

  function polarCard(title, note, map) {
    const rings = map.counts.length;
    const sectors = map.counts[0].length;
    const total = map.counts.flat().reduce((sum, count) => sum + count, 0) || 1;
    const top = Math.max(...map.counts.flat().map((count) => Math.log10(1 + count)), 0.1);
    const traces = map.counts.map((counts, ring) => ({
      type: "barpolar",
      r: counts.map(() => map.reach / rings), base: counts.map(() => (ring * map.reach) / rings),
      theta: counts.map((_, sector) => (sector * 360) / sectors), width: counts.map(() => 360 / sectors),
      marker: { color: counts.map((count) => (count ? Math.log10(1 + count) : 0)), cmin: 0, cmax: top,
        colorscale: [[0, "#ffffff"], [0.01, "#d3e3f1"], [0.5, "#6baed6"], [1, "#08306b"]], line: { width: 0 } },
      text: counts.map((count) => `${((100 * count) / total).toFixed(1)} % of frames`),
      hovertemplate: "%{text}<extra></extra>",
    }));
    const inner = map.counts.slice(0, 2).flat().reduce((sum, count) => sum + count, 0);
    return plotCard(title, `${note}. Darker: more frames (logarithmic).`,
      `${title}: ${R.percent(inner / total)} of frames within ${((2 * map.reach) / rings).toFixed(0)} degrees of the camera`,
      traces,
      { height: 300, margin: { l: 40, r: 44, t: 24, b: 24 },
        polar: { radialaxis: { range: [0, map.reach], ticksuffix: "°", angle: 45, tickangle: 45, tickfont: { size: 10 }, gridcolor: "#ddd", nticks: 5 },
          angularaxis: { tickvals: [0, 90, 180, 270], ticktext: ["right", "up", "left", "down"], gridcolor: "#ddd" },
          barmode: "overlay", bargap: 0 } });
  }

  function eventCard(summary) {
    const rows = Object.entries(R.EVENT_NAMES).map(([kind, name]) => {
      const one = summary.events[kind];
      return one
        ? [name, String(one.count), R.format(one.per_minute, 1), R.format(one.duration), R.format(one.total, 1), kind === "loss" ? "–" : R.format(one.amplitude)]
        : [name, "0", "0.0", "–", "–", "–"];
    });
    const card = R.section("Blinks, smiles, losses",
      `Seen for ${R.format(summary.seconds, 1)} s. Amplitude: share of the openness lost, or highest intensity of AU12.`,
      R.table("Events", ["Kind", "Count", "Per minute", "Mean s", "Total s", "Amplitude"], rows));
    card.classList.add("pr-broad");
    return card;
  }

  function qualityCard(model, person) {
    const { summary } = person;
    const frames = model.coverage.frames;
    const losses = summary.events?.loss;
    const rows = [
      ["Frames in the table", String(frames)],
      ["Frames with any face", `${model.coverage.with_face} (${R.percent(model.coverage.with_face / frames)})`],
      ["Frames with this person", `${summary.rows} (${R.percent(summary.rows / frames)})`],
      ["Out of sight", losses ? `${losses.count} times, ${R.format(losses.total, 1)} s` : "never"],
      ["Mean confidence", R.format(summary.confidence)],
    ];
    if (summary.quality !== undefined) rows.push(["Mean picture quality", R.format(summary.quality)]);
    for (const [name, share] of Object.entries(summary.flags ?? {})) {
      rows.push([`Flagged: ${name}`, R.percent(share)]);
    }
    return R.section("Quality and missing data", null, R.table("Quality", ["What", "How much"], rows));
  }

  function unitTable(units) {
    const card = R.section("Action units", "Active: share of frames with a probability above one half (or, without one, an intensity from 1).",
      R.table("Action units", ["Unit", "Mean", "Largest", "Active"],
        units.map((unit) => [`${unit.name} ${unit.meaning}`.trim(), R.format(unit.mean), R.format(unit.max), R.percent(unit.active)])));
    card.classList.add("pr-tall");
    return card;
  }

  /* Input, pack with its terms, settings and versions, from the sidecar. */
  R.makeProvenance = (model) => {
    const { info } = model;
    const list = R.el("dl", { className: "pr-facts" });
    const add = (name, value) => {
      if (value === undefined || value === null || value === "") return;
      const text = typeof value === "object" ? JSON.stringify(value) : String(value);
      list.append(R.el("dt", { textContent: name }), R.el("dd", { textContent: text }));
    };
    add("Input", info.input?.name);
    add("SHA-256", info.input?.sha256);
    add("Duration", info.input?.duration ? `${info.input.duration} s at ${info.input.fps ? +info.input.fps.toFixed(3) : "?"} frames/s` : null);
    add("Picture", info.input?.size ? `${info.input.size[0]} × ${info.input.size[1]} px` : null);
    add("Model pack", info.pack ? `${info.pack.name} ${info.pack.version}` : null);
    add("License of the pack", info.pack?.license);
    add("Terms of the pack", info.pack ? info.pack.terms || "none beyond its license" : null);
    for (const [name, value] of Object.entries(info.settings ?? {})) add(name.replaceAll("_", " "), value ?? "–");
    for (const [name, value] of Object.entries(info.versions ?? {})) add(name, value);
    add("Measured", info.started?.replace(/\.\d+/, "").replace("T", " "));
    if (info.complete === false) add("Complete", "no: it was stopped");
    (info.problems ?? []).forEach((problem) => add("Problem", problem));
    if (!list.childElementCount) {
      return R.section("Settings and model", "There is no sidecar file beside the table, so input, pack and settings are not known.");
    }
    const card = R.section("Settings and model", null, list);
    card.classList.add("pr-wide");
    return card;
  };
})();

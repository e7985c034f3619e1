"use strict";

/* Timelines of one person: events, then a plot for each group of signals. Pressing or dragging on
   any of them seeks; with Shift, or after choosing "Mark a span", it marks a span instead. */
(() => {
  const R = ProsoponReport;
  const LEFT = 48;
  const RIGHT = 12;
  const FIRST_SHOWN = { au: 5, emotion: 4, gaze: 2 };

  R.makeTimelines = (model, state) => {
    const body = R.el("div", { className: "pr-timelines" });
    const mode = makeModes(state);
    const chosen = {}; // group → Set of the signals shown, kept from person to person
    let followers; // of this person's tracks, which go when another is chosen
    const follow = (kind, listener) => followers[kind].push(listener);
    for (const kind of ["frame", "span", "view"]) {
      state.on(kind, () => followers?.[kind].forEach((listener) => listener()));
    }
    const fill = () => {
      followers = { frame: [], span: [], view: [] };
      body.querySelectorAll(".js-plotly-plot").forEach((plot) => Plotly.purge(plot));
      body.replaceChildren();
      const person = state.current;
      if (!person) return;
      if (person.events.length) body.append(eventTrack({ model, state, mode, person, follow }));
      model.groups.forEach((group) => {
        chosen[group.key] ??= firstChoice(group, person);
        body.append(track({ model, state, mode, person, follow }, group, chosen[group.key]));
      });
    };
    state.on("person", fill);
    const element = R.el("section", { className: "pr-card pr-wide", "aria-label": "Timelines" },
      R.el("div", { className: "pr-bar" }, R.el("h3", { textContent: "Timelines" }), mode.element),
      R.el("p", { className: "pr-note", textContent: notes(model) }),
      body, makeSpanSummary(model, state));
    return { element, fill };
  };

  function notes(model) {
    const parts = ["Press or drag on a timeline to go there; hold Shift and drag to mark a span. "
      + "Lines break where the person was not measured."];
    if (model.thinned) {
      parts.push(`${model.thinned.frames} frames are drawn as the least and largest value of each of `
        + `${model.thinned.buckets} stretches.`);
    }
    if (model.overlay_every > 1) parts.push(`The picture shows the points of every ${model.overlay_every}th row.`);
    return parts.join(" ");
  }

  function makeModes(state) {
    let marking = false;
    const button = (text, action) => {
      const made = R.el("button", { type: "button", textContent: text });
      made.addEventListener("click", action);
      return made;
    };
    const mark = button("Mark a span", () => {
      marking = !marking;
      mark.setAttribute("aria-pressed", marking);
    });
    mark.setAttribute("aria-pressed", "false");
    const zoom = button("Zoom to span", () => state.set("view", [...state.span]));
    const clear = button("Clear span", () => state.set("span", null));
    const all = button("Show all", () => state.set("view", state.whole));
    const enable = () => { zoom.disabled = clear.disabled = !state.span; };
    state.on("span", enable);
    enable();
    return {
      element: R.el("div", { className: "pr-buttons", role: "group", "aria-label": "Span" }, mark, zoom, clear, all),
      get marking() { return marking; },
    };
  }

  /* Those that move most. */
  function firstChoice(group, person) {
    const count = FIRST_SHOWN[group.key] ?? group.names.length;
    if (group.key === "gaze") return new Set(group.names.slice(0, count));
    const reach = person.signals[group.key].map((values) => {
      let [low, high] = [Infinity, -Infinity];
      for (const value of values) {
        if (value < low) low = value;
        if (value > high) high = value;
      }
      return high - low;
    });
    const order = group.names.map((_, i) => i).sort((a, b) => reach[b] - reach[a]);
    return new Set(order.slice(0, count).map((i) => group.names[i]));
  }

  const look = (i) => ({
    color: R.COLORS[i % R.COLORS.length],
    dash: R.DASHES[Math.floor(i / R.COLORS.length) % R.DASHES.length],
  });

  function track(context, group, shown) {
    const { model, state, person, follow } = context;
    const plot = R.el("div", { className: "pr-plot" });
    const traces = () => group.names.flatMap((name, i) => (shown.has(name) ? [{
      x: person.time, y: person.signals[group.key][i], name, mode: person.time.length > 1 ? "lines" : "markers",
      line: { ...look(i), width: 1.5 }, marker: { color: look(i).color }, connectgaps: false,
      hovertemplate: `%{y:.2f} ${name}<extra></extra>`,
    }] : []));
    const layout = () => R.layout({
      height: 130,
      xaxis: { range: state.view, ticksuffix: model.axis === "picture" ? "" : " s", gridcolor: "#eee", zeroline: false,
        ticks: "outside", ticklen: 5, tickcolor: "#fff" },
      yaxis: { range: group.limits ?? undefined, gridcolor: "#eee", zerolinecolor: "#ccc", nticks: 5, fixedrange: true },
      hovermode: "x unified",
      shapes: gaps(person),
    });
    const draw = () => Plotly.react(plot, traces(), layout(), R.CONFIG);
    const chips = group.names.map((name, i) => {
      const box = R.el("input", { type: "checkbox", checked: shown.has(name) });
      box.addEventListener("change", () => {
        if (box.checked) shown.add(name);
        else shown.delete(name);
        draw();
      });
      const swatch = R.el("span", { className: `pr-swatch pr-${look(i).dash}` });
      swatch.style.borderTopColor = look(i).color;
      return R.el("label", { className: "pr-chip" }, box, swatch, name);
    });
    const element = R.el("div", { className: "pr-track", role: "group", "aria-label": group.title },
      R.el("div", { className: "pr-track-head" },
        R.el("h4", {}, group.title, R.el("small", { textContent: ` ${group.unit}` })),
        R.el("div", { className: "pr-chips" }, ...chips)),
      frame(context, plot));
    whenShown(element, draw);
    follow("view", () => zoom(plot, state.view));
    return element;
  }

  function zoom(plot, range) {
    if (plot.layout) Plotly.relayout(plot, { "xaxis.range": [...range] });
  }

  function gaps(person) {
    return person.events.filter((event) => event.kind === "loss").map((event) => ({
      type: "rect", yref: "paper", y0: 0, y1: 1, x0: event.start, x1: event.end,
      fillcolor: "#999", opacity: 0.18, line: { width: 0 }, layer: "below",
    }));
  }

  function eventTrack(context) {
    const { state, person, follow } = context;
    const plot = R.el("div", { className: "pr-plot" });
    const kinds = Object.keys(R.EVENT_NAMES).filter((kind) => person.events.some((event) => event.kind === kind));
    const traces = kinds.map((kind) => {
      const [x, y, text] = [[], [], []];
      for (const event of person.events.filter((one) => one.kind === kind)) {
        const words = `${R.EVENT_NAMES[kind]} ${event.start.toFixed(2)}–${event.end.toFixed(2)} s`
          + (kind === "loss" ? "" : `, amplitude ${event.amplitude.toFixed(2)}`);
        x.push(event.start, event.apex, event.end, null);
        y.push(R.EVENT_NAMES[kind], R.EVENT_NAMES[kind], R.EVENT_NAMES[kind], null);
        text.push(words, words, words, "");
      }
      return {
        x, y, text, mode: "lines+markers", connectgaps: false, hovertemplate: "%{text}<extra></extra>",
        line: { color: R.EVENT_COLORS[kind], width: 8 },
        marker: { color: R.EVENT_COLORS[kind], size: 8, symbol: "line-ns-open" },
      };
    });
    const layout = R.layout({
      height: 40 + 22 * kinds.length,
      margin: { l: LEFT, r: RIGHT, t: 4, b: 24 },
      xaxis: { range: state.view, ticksuffix: " s", gridcolor: "#eee", zeroline: false },
      yaxis: { type: "category", showticklabels: false, range: [-0.6, kinds.length - 0.4], fixedrange: true },
      hovermode: "closest",
    });
    const keys = kinds.map((kind) => {
      const swatch = R.el("span", { className: "pr-swatch pr-thick" });
      swatch.style.borderTopColor = R.EVENT_COLORS[kind];
      const count = person.events.filter((event) => event.kind === kind).length;
      return R.el("span", { className: "pr-key" }, swatch, `${R.EVENT_NAMES[kind]} (${count})`);
    });
    const element = R.el("div", { className: "pr-track", role: "group", "aria-label": "Events" },
      R.el("div", { className: "pr-track-head" }, R.el("h4", { textContent: "Events" }),
        R.el("div", { className: "pr-chips" }, ...keys)),
      frame(context, plot));
    whenShown(element, () => Plotly.react(plot, traces, layout, R.CONFIG));
    follow("view", () => zoom(plot, state.view));
    return element;
  }

  /* Plotly measures what it draws in, so it draws when that is on the page. */
  function whenShown(element, draw) {
    const watch = new ResizeObserver(() => {
      if (!element.clientWidth) return;
      watch.disconnect();
      draw();
    });
    watch.observe(element);
  }

  /* A plot with the cursor and the marked span over it, and the pointer's ways on it. */
  function frame({ model, state, mode, follow }, plot) {
    const cursor = R.el("div", { className: "pr-cursor" });
    const brush = R.el("div", { className: "pr-brush" });
    const box = R.el("div", { className: "pr-frame" }, plot, brush, cursor);
    const place = (position) => {
      const share = (position - state.view[0]) / (state.view[1] - state.view[0]);
      return LEFT + share * (box.clientWidth - LEFT - RIGHT);
    };
    const at = (event) => {
      const inner = box.clientWidth - LEFT - RIGHT;
      const share = (event.clientX - box.getBoundingClientRect().left - LEFT) / inner;
      return state.view[0] + Math.max(0, Math.min(1, share)) * (state.view[1] - state.view[0]);
    };
    const show = () => {
      const x = place(state.time);
      cursor.hidden = x < LEFT - 1 || x > box.clientWidth - RIGHT + 1;
      cursor.style.transform = `translateX(${x}px)`;
      brush.hidden = !state.span;
      if (state.span) {
        const [from, to] = state.span.map((p) => Math.max(LEFT, Math.min(box.clientWidth - RIGHT, place(p))));
        brush.style.left = `${from}px`;
        brush.style.width = `${Math.max(0, to - from)}px`;
      }
    };
    let from = null;
    let dragging = false;
    const move = (event) => {
      const now = at(event);
      if (from === null) state.seek(R.nearest(model.times, now));
      else state.set("span", from < now ? [from, now] : [now, from]);
    };
    box.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      dragging = true;
      box.setPointerCapture(event.pointerId);
      from = mode.marking || event.shiftKey ? at(event) : null;
      if (from === null) move(event);
      event.preventDefault();
    }, true);
    box.addEventListener("pointermove", (event) => { if (dragging) move(event); });
    for (const kind of ["pointerup", "pointercancel"]) {
      box.addEventListener(kind, () => { dragging = false; });
    }
    for (const kind of ["frame", "span", "view"]) follow(kind, show);
    new ResizeObserver(show).observe(box);
    return box;
  }

  /* Figures of what is marked, from the points that are drawn. */
  function makeSpanSummary(model, state) {
    const element = R.el("div", { className: "pr-span", role: "status" });
    const show = () => {
      element.replaceChildren();
      const person = state.current;
      if (!state.span || !person) return;
      const [from, to] = state.span;
      const inside = [];
      person.time.forEach((time, i) => { if (time >= from && time <= to) inside.push(i); });
      const rows = model.groups.flatMap((group) => group.names.map((name, i) => {
        const values = inside.map((k) => person.signals[group.key][i][k]).filter((value) => !Number.isNaN(value));
        if (!values.length) return [`${group.title}: ${name}`, "–", "–", "–", "–"];
        const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
        const sd = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
        const [low, high] = values.reduce(([a, b], v) => [Math.min(a, v), Math.max(b, v)], [Infinity, -Infinity]);
        return [`${group.title}: ${name}`, ...[mean, sd, low, high].map((value) => R.format(value))];
      }));
      const counts = {};
      for (const event of person.events) {
        if (event.start <= to && event.end >= from) counts[event.kind] = (counts[event.kind] ?? 0) + 1;
      }
      const happened = Object.entries(counts).map(([kind, n]) => `${n} × ${R.EVENT_NAMES[kind].toLowerCase()}`);
      const range = `${R.clock(model, from)} to ${R.clock(model, to)}`;
      element.append(
        R.el("h4", { textContent: `${R.personName(person)}, ${range}` }),
        R.el("p", { textContent: `${inside.length} points${person.thinned ? " (thinned)" : ""}`
          + (happened.length ? `; ${happened.join(", ")}` : "; no events") }),
        R.table("Marked span", ["Signal", "Mean", "SD", "Least", "Largest"], rows));
    };
    state.on("span", show);
    state.on("person", show);
    return element;
  }
})();

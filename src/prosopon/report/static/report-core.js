"use strict";

/* Shared by every part of the page: unpacking, elements, colours, and the state that views follow.
   Nothing here or below writes HTML or style text, so names from files stay text and a strict
   content security policy holds. */
const ProsoponReport = {};

(() => {
  const R = ProsoponReport;
  const MISSING = -32768;

  /* After Okabe & Ito: told apart by colour-blind eyes. */
  R.COLORS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#B8860B", "#56B4E9", "#6A3D9A", "#444444"];
  R.BRIGHT = ["#56B4E9", "#E69F00", "#00C08B", "#F0E442", "#E8A0C8", "#FF7A33"];
  R.DASHES = ["solid", "dot", "dash"];
  R.SHADES = [[0, "#fbfcff"], [0.25, "#b5d1e8"], [0.55, "#4a97c9"], [1, "#08306b"]];
  R.EVENT_NAMES = {
    blink: "Blink", wink_right: "Wink, right", wink_left: "Wink, left",
    closure: "Eyes closed", smile: "Smile", loss: "Out of sight",
  };
  R.EVENT_COLORS = {
    blink: "#0072B2", wink_right: "#56B4E9", wink_left: "#56B4E9",
    closure: "#6A3D9A", smile: "#D55E00", loss: "#666666",
  };

  R.el = (tag, properties = {}, ...children) => {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(properties)) {
      if (name.includes("-") || name === "role" || name === "for") element.setAttribute(name, value);
      else element[name] = value;
    }
    element.append(...children.filter((child) => child !== null && child !== undefined));
    return element;
  };

  /* A packed array → {shape, values}: numbers in C order, NaN where not measured. */
  R.unpack = (record) => {
    const bytes = Uint8Array.from(atob(record.base64), (c) => c.charCodeAt(0));
    if (record.type === "f8") return { shape: record.shape, values: new Float64Array(bytes.buffer) };
    const counts = new Int16Array(bytes.buffer);
    const values = new Float32Array(counts.length);
    for (let i = 0; i < counts.length; i++) {
      values[i] = counts[i] === MISSING ? NaN : counts[i] * record.step;
    }
    return { shape: record.shape, values };
  };

  /* The data as the views use it. */
  R.decode = (data) => {
    const people = data.people.map((person, index) => {
      const signals = {};
      for (const [key, record] of Object.entries(person.signals)) {
        const { shape, values } = R.unpack(record);
        signals[key] = Array.from({ length: shape[0] }, (_, i) =>
          values.subarray(i * shape[1], (i + 1) * shape[1]));
      }
      const overlay = {};
      for (const [name, record] of Object.entries(person.overlay)) overlay[name] = R.unpack(record);
      return { ...person, index, signals, overlay, time: R.unpack(person.time).values };
    });
    return { ...data, people, times: R.unpack(data.times).values };
  };

  /* Last position whose time is not after `time`; 0 before the first. */
  R.lastBefore = (times, time) => {
    let low = 0;
    let high = times.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (times[middle] <= time) low = middle;
      else high = middle - 1;
    }
    return low;
  };

  R.nearest = (times, time) => {
    const i = R.lastBefore(times, time);
    return i + 1 < times.length && times[i + 1] - time < time - times[i] ? i + 1 : i;
  };

  /* frame, person (its place in people), span ([from, to] or null), view ([from, to]): each can be
     set and followed. */
  R.makeState = (model) => {
    const listeners = { frame: [], person: [], span: [], view: [] };
    const whole = [model.times[0], model.times[model.times.length - 1]];
    if (whole[0] === whole[1]) whole[1] += 1;
    const state = {
      frame: 0, person: 0, span: null, view: whole, whole,
      on: (kind, listener) => listeners[kind].push(listener),
      set: (kind, value) => {
        state[kind] = value;
        for (const listener of listeners[kind]) listener(value);
      },
      get time() { return model.times[state.frame]; },
      get current() { return model.people[state.person]; },
      clamp: (frame) => Math.max(0, Math.min(model.times.length - 1, frame)),
    };
    return state;
  };

  R.format = (value, digits = 2) => {
    if (value === null || value === undefined || Number.isNaN(value)) return "–";
    return value.toFixed(digits).replace(/^-(?=[0.]+$)/, ""); // no −0
  };

  R.percent = (share) => (share === null || share === undefined ? "–" : `${(100 * share).toFixed(0)} %`);

  R.clock = (model, position) => {
    if (model.axis === "picture") return `picture ${position + 1}`;
    const minutes = Math.floor(position / 60);
    return `${minutes}:${(position - 60 * minutes).toFixed(2).padStart(5, "0")}`;
  };

  R.personName = (person) => `Person ${person.id}`;

  R.axisTitle = (model) => (model.axis === "picture" ? "picture" : "s");

  /* Plotly's layout that all plots share. */
  R.layout = (extra = {}) => ({
    margin: { l: 48, r: 12, t: 8, b: 26 },
    paper_bgcolor: "#fff",
    plot_bgcolor: "#fff",
    font: { family: "system-ui, sans-serif", size: 12, color: "#222" },
    showlegend: false,
    dragmode: false,
    hoverlabel: { font: { size: 12 } },
    ...extra,
  });

  R.CONFIG = { displayModeBar: false, responsive: true, doubleClick: false, scrollZoom: false };

  R.section = (title, note, ...children) =>
    R.el("section", { className: "pr-card" },
      R.el("h3", { textContent: title }),
      note ? R.el("p", { className: "pr-note", textContent: note }) : null,
      ...children);

  R.table = (caption, head, rows) => {
    const body = rows.map((row) => R.el("tr", {},
      ...row.map((cell, i) => R.el(i ? "td" : "th", i ? { textContent: cell } : { textContent: cell, scope: "row" }))));
    return R.el("div", { className: "pr-scroll", tabIndex: 0, role: "region", "aria-label": caption },
      R.el("table", {},
        R.el("caption", { textContent: caption }),
        R.el("thead", {}, R.el("tr", {}, ...head.map((name) => R.el("th", { textContent: name, scope: "col" })))),
        R.el("tbody", {}, ...body)));
  };
})();

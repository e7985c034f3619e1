"use strict";

/* Draws the report of one table into `element`. Needs Plotly on the page. Returns {state, seek,
   destroy}: seek(frame) goes there, destroy() empties the element. */
function mountReport(element, data) {
  const R = ProsoponReport;
  const model = R.decode(data);
  const state = R.makeState(model);
  const stage = R.makeStage(model, state);
  state.seek = (frame) => stage.transport.seek(state.clamp(frame));

  const timelines = R.makeTimelines(model, state);
  const summary = R.makeSummary(model, state);
  const about = R.el("h2", { textContent: "" });
  const name = () => { about.textContent = state.current ? R.personName(state.current) : "Nobody was measured"; };
  state.on("person", name);
  name();

  element.classList.add("prosopon-report");
  element.replaceChildren(
    R.el("div", { className: "pr-top" }, stage.element, facts()),
    timelines.element, about, summary.element, R.makeProvenance(model));
  timelines.fill();
  summary.fill();
  element.addEventListener("keydown", onKey);
  if (!element.hasAttribute("tabindex")) element.tabIndex = -1;

  function facts() {
    const side = R.el("div", { className: "pr-side" });
    if (model.people.length > 1) side.append(choosePerson());
    side.append(R.el("p", { className: "pr-lead", textContent: lead() }), now(),
      R.el("p", { className: "pr-note", textContent: "Keys: space plays, ← and → step by frame, Home and End, [ and ] mark a span." }));
    return side;
  }

  function choosePerson() {
    const choice = R.el("select", { "aria-label": "Person" }, ...model.people.map((person, i) => R.el("option", {
      value: i, textContent: `${R.personName(person)} (${person.summary.rows} frames)`,
    })));
    choice.addEventListener("change", () => state.set("person", Number(choice.value)));
    state.on("person", (place) => { choice.value = place; });
    return R.el("label", { className: "pr-choice" }, "Person ", choice);
  }

  function lead() {
    const { frames, with_face: seen } = model.coverage;
    const people = model.people.length;
    return `${frames} frame${frames === 1 ? "" : "s"}, a face in ${seen} of them, `
      + `${people} ${people === 1 ? "person" : "people"}.`;
  }

  /* The values of the frame that is shown. */
  function now() {
    const body = R.el("div", { className: "pr-now-values" });
    const show = () => {
      const person = state.current;
      if (!person) return;
      const i = R.nearest(person.time, state.time);
      const away = R.overlayRow(person, state.frame, model.overlay_every) < 0;
      body.replaceChildren(...(away ? [R.el("p", { textContent: "Not measured in this frame." })] : bars(person, i)));
    };
    state.on("frame", show);
    state.on("person", show);
    show();
    return body;
  }

  function bars(person, i) {
    const value = (key, k) => person.signals[key]?.[k]?.[i] ?? NaN;
    const names = (key) => model.groups.find((group) => group.key === key)?.names ?? [];
    const rows = [];
    const best = (key, count) => names(key).map((name, k) => [name, value(key, k)])
      .filter(([, v]) => !Number.isNaN(v)).sort((a, b) => b[1] - a[1]).slice(0, count);
    for (const [name, v] of best("emotion", 3)) rows.push(bar(name, v, v, R.percent(v), "#56B4E9"));
    for (const [name, v] of best("au", 6)) rows.push(bar(name, v / 5, v, R.format(v, 1), "#E69F00"));
    const pair = (key) => names(key).map((name, k) => `${name} ${R.format(value(key, k), key === "affect" ? 2 : 0)}`).join(" · ");
    for (const key of ["affect", "pose"]) if (names(key).length) rows.push(R.el("p", { textContent: pair(key) + (key === "pose" ? " (degrees)" : "") }));
    return rows;
  }

  function bar(name, share, v, text, color) {
    const fill = R.el("span", { className: "pr-fill" });
    fill.style.width = `${100 * Math.max(0, Math.min(1, share))}%`;
    fill.style.background = color;
    return R.el("div", { className: "pr-bar-row" }, R.el("span", { textContent: name }),
      R.el("span", { className: "pr-gauge" }, fill), R.el("span", { className: "pr-value", textContent: text }));
  }

  function onKey(event) {
    const field = ["INPUT", "SELECT", "TEXTAREA"].includes(event.target.tagName);
    const range = event.target.type === "range";
    if (event.ctrlKey || event.metaKey || event.altKey || (field && !range)) return;
    const { transport } = stage;
    const step = (by) => { transport.pause(); state.seek(state.frame + by); };
    const actions = {
      ArrowLeft: () => step(event.shiftKey ? -10 : -1),
      ArrowRight: () => step(event.shiftKey ? 10 : 1),
      Home: () => state.seek(0),
      End: () => state.seek(model.times.length - 1),
      "[": () => state.set("span", [state.time, Math.max(state.time, state.span?.[1] ?? state.whole[1])]),
      "]": () => state.set("span", [Math.min(state.time, state.span?.[0] ?? state.whole[0]), state.time]),
    };
    if (event.target.tagName !== "BUTTON") {
      actions[" "] = () => (transport.playing ? transport.pause() : transport.play());
    }
    if (!actions[event.key]) return;
    actions[event.key]();
    event.preventDefault();
  }

  return {
    state,
    seek: state.seek,
    destroy: () => {
      stage.transport.pause();
      element.removeEventListener("keydown", onKey);
      element.querySelectorAll(".js-plotly-plot").forEach((plot) => Plotly.purge(plot));
      element.replaceChildren();
    },
  };
}

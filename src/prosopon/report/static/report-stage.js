"use strict";

/* The picture with its overlay, and the transport below it. While a video plays it leads and the
   state follows; otherwise the state leads. */
(() => {
  const R = ProsoponReport;

  /* Runs of the 68 points (Multi-PIE order); true: closed. */
  const LINES = [
    [0, 17, false], [17, 22, false], [22, 27, false], [27, 31, false], [31, 36, false],
    [36, 42, true], [42, 48, true], [48, 60, true], [60, 68, true],
  ];
  const AXES = ["#FF5050", "#50DC50", "#5A96FF"];
  const GAZE = "#FFEB00";
  const SPEEDS = [0.1, 0.25, 0.5, 1, 2, 4];
  const LAYERS = [["points", "Points"], ["box", "Box"], ["axes", "Head axes"], ["gaze", "Gaze"]];

  R.makeStage = (model, state) => {
    const canvas = R.el("canvas", { className: "pr-canvas", role: "img" });
    const screen = R.el("div", { className: "pr-screen" }, canvas);
    screen.style.aspectRatio = `${model.size[0]} / ${model.size[1]}`;
    const shown = { points: true, box: true, axes: true, gaze: true };
    const message = R.el("p", { className: "pr-note", role: "status" });
    const stills = model.stills.map((still) => ({ time: still.time, image: R.el("img", { src: still.url, alt: "" }) }));
    const draw = () => paint(canvas, model, state, shown, video ? null : stillAt(stills, state.time));
    for (const still of stills) still.image.addEventListener("load", () => draw());

    let video = null;
    const clock = R.makeClock(model, state);
    let transport = clock;
    if (model.video) {
      video = R.el("video", {
        src: model.video, muted: true, playsInline: true, preload: "auto", className: "pr-video", tabIndex: -1,
        "aria-hidden": "true",
      });
      screen.prepend(video);
      transport = R.makeVideoClock(model, state, video);
      const giveUp = () => {
        if (!video) return;
        video.remove();
        video = null;
        transport = clock;
        message.textContent = "The video can't be played here (moved, or a format that this browser "
          + "does not know): the drawing alone is shown.";
        draw();
      };
      video.addEventListener("error", giveUp);
      video.addEventListener("loadedmetadata", () => { if (!video.videoWidth) giveUp(); });
      video.addEventListener("seeked", draw);
    }

    const controls = makeControls(model, state, () => transport);
    const layers = R.el("div", { className: "pr-chips", role: "group", "aria-label": "Drawn on the picture" },
      ...LAYERS.map(([key, name]) => {
        const box = R.el("input", { type: "checkbox", checked: true });
        box.addEventListener("change", () => { shown[key] = box.checked; draw(); });
        return R.el("label", { className: "pr-chip" }, box, name);
      }));
    const element = R.el("div", { className: "pr-stage" }, screen, message, controls, layers);
    if (stills.length > 1 && !model.video) element.append(makeStrip(model, state, stills));

    state.on("frame", draw);
    state.on("person", draw);
    new ResizeObserver(draw).observe(screen);
    draw();
    return { element, get transport() { return transport; }, get video() { return video; } };
  };

  /* A clock of its own, for pages without a video. */
  R.makeClock = (model, state) => {
    let playing = false;
    let speed = 1;
    let last = 0;
    let position = 0;
    const end = model.times.length - 1;
    const tick = (now) => {
      if (!playing) return;
      position += ((now - last) / 1000) * speed * (model.axis === "picture" ? 2 : 1);
      last = now;
      const frame = R.lastBefore(model.times, position);
      if (frame !== state.frame) state.set("frame", frame);
      if (frame >= end) transport.pause();
      else requestAnimationFrame(tick);
    };
    const transport = {
      changed: () => {},
      get playing() { return playing; },
      seek: (frame) => { position = model.times[frame]; state.set("frame", frame); },
      play: () => {
        if (state.frame >= end) state.set("frame", 0);
        position = state.time;
        playing = true;
        last = performance.now();
        transport.changed();
        requestAnimationFrame(tick);
      },
      pause: () => { playing = false; transport.changed(); },
      setSpeed: (value) => { speed = value; },
    };
    return transport;
  };

  /* The video as the clock. A seek aims at the middle of a frame's time on screen, so that rounding
     never shows its neighbour; while one seek runs only the newest next one is kept. */
  R.makeVideoClock = (model, state, video) => {
    let waiting = null;
    const aim = (frame) => {
      const next = frame + 1 < model.times.length ? model.times[frame + 1] : model.times[frame] + 0.02;
      return (model.times[frame] + next) / 2;
    };
    const go = (frame) => {
      if (video.seeking) waiting = frame;
      else video.currentTime = aim(frame);
    };
    const follow = (time) => {
      if (video.paused || video.seeking) return;
      const frame = R.lastBefore(model.times, time + 1e-4);
      if (frame !== state.frame) state.set("frame", frame);
    };
    const watch = () => {
      if ("requestVideoFrameCallback" in video) {
        video.requestVideoFrameCallback((_, about) => { follow(about.mediaTime); watch(); });
      } else {
        requestAnimationFrame(() => { follow(video.currentTime); watch(); });
      }
    };
    const transport = {
      changed: () => {},
      get playing() { return !video.paused; },
      seek: (frame) => { state.set("frame", frame); go(frame); },
      play: () => { video.play().catch(() => {}); },
      pause: () => video.pause(),
      setSpeed: (value) => { video.playbackRate = value; },
    };
    video.addEventListener("seeked", () => {
      if (waiting === null) return;
      const frame = waiting;
      waiting = null;
      video.currentTime = aim(frame);
    });
    video.addEventListener("loadedmetadata", () => go(state.frame));
    for (const kind of ["play", "pause", "ended"]) {
      video.addEventListener(kind, () => {
        transport.changed();
        if (kind === "pause") go(state.frame); // the frame that is drawn is the one that is shown
      });
    }
    watch();
    return transport;
  };

  function makeControls(model, state, transport) {
    const button = (label, text, action) => {
      const made = R.el("button", { type: "button", textContent: text, title: label, "aria-label": label });
      made.addEventListener("click", action);
      return made;
    };
    const step = (by) => {
      transport().pause();
      transport().seek(state.clamp(state.frame + by));
    };
    const play = button("Play (space)", "▶", () => (transport().playing ? transport().pause() : transport().play()));
    play.className = "pr-play";
    const slider = R.el("input", {
      type: "range", min: 0, max: Math.max(0, model.times.length - 1), step: 1, value: 0,
      className: "pr-seek", "aria-label": "Position",
    });
    slider.addEventListener("input", () => transport().seek(Number(slider.value)));
    const clock = R.el("output", { className: "pr-clock" });
    const speed = R.el("select", { "aria-label": "Speed" },
      ...SPEEDS.map((value) => R.el("option", { value, textContent: `${value}×`, selected: value === 1 })));
    speed.addEventListener("change", () => transport().setSpeed(Number(speed.value)));
    const show = () => {
      slider.value = state.frame;
      const at = R.clock(model, state.time);
      slider.setAttribute("aria-valuetext", at);
      clock.textContent = model.axis === "picture" ? at : `${at} · frame ${state.frame}`;
    };
    const changed = () => {
      const playing = transport().playing;
      play.textContent = playing ? "❚❚" : "▶";
      play.setAttribute("aria-label", playing ? "Pause (space)" : "Play (space)");
      play.title = play.getAttribute("aria-label");
    };
    state.on("frame", show);
    show();
    queueMicrotask(() => { transport().changed = changed; });
    return R.el("div", { className: "pr-controls", role: "group", "aria-label": "Playback" },
      play,
      button("One frame back (←)", "◀|", () => step(-1)),
      button("One frame on (→)", "|▶", () => step(1)),
      slider, clock, speed);
  }

  function makeStrip(model, state, stills) {
    const marks = stills.map((still) => {
      const at = R.clock(model, still.time);
      const made = R.el("button", { type: "button", className: "pr-still", title: at, "aria-label": `Go to ${at}` },
        R.el("img", { src: still.image.src, alt: "" }));
      made.addEventListener("click", () => state.seek(R.nearest(model.times, still.time)));
      return made;
    });
    const strip = R.el("div", { className: "pr-strip", role: "group", "aria-label": "Frames of the source" }, ...marks);
    const times = stills.map((still) => still.time);
    state.on("frame", () => {
      const now = R.lastBefore(times, state.time);
      marks.forEach((mark, i) => mark.classList.toggle("pr-now", i === now));
    });
    return strip;
  }

  function stillAt(stills, time) {
    if (!stills.length) return null;
    return stills[R.lastBefore(stills.map((still) => still.time), time + 1e-6)].image;
  }

  function paint(canvas, model, state, shown, still) {
    const width = canvas.clientWidth;
    const height = canvas.clientHeight;
    if (!width || !height) return;
    const density = window.devicePixelRatio || 1;
    canvas.width = Math.round(width * density);
    canvas.height = Math.round(height * density);
    const pen = canvas.getContext("2d");
    const scale = (width * density) / model.size[0];
    pen.setTransform(scale, 0, 0, (height * density) / model.size[1], 0, 0);
    if (still && still.complete && still.naturalWidth) pen.drawImage(still, 0, 0, ...model.size);
    const unit = density / scale; // one CSS pixel in the picture's
    let faces = 0;
    for (const person of model.people) {
      const row = rowAt(person, state.frame, model.overlay_every);
      if (row < 0) continue;
      faces += 1;
      drawFace(pen, person, row, shown, unit * (person.index === state.person ? 1.4 : 0.9));
    }
    canvas.setAttribute("aria-label",
      `Picture at ${R.clock(model, state.time)}, ${faces} face${faces === 1 ? "" : "s"} drawn`);
  }

  /* Row of the overlay for a frame, −1 without one. */
  function rowAt(person, frame, every) {
    const frames = person.overlay.frames.values;
    const row = R.nearest(frames, frame);
    return Math.abs(frames[row] - frame) <= (every - 1) / 2 ? row : -1;
  }
  R.overlayRow = rowAt;

  const take = (array, row) => {
    if (!array) return null;
    const size = array.values.length / array.shape[0];
    const part = array.values.subarray(row * size, (row + 1) * size);
    return part.every((value) => !Number.isNaN(value)) ? part : null;
  };

  function drawFace(pen, person, row, shown, unit) {
    const { overlay } = person;
    const color = R.BRIGHT[person.index % R.BRIGHT.length];
    const box = take(overlay.box, row);
    const points = take(overlay.landmarks, row);
    const side = box ? Math.min(box[2] - box[0], box[3] - box[1]) : 100;
    pen.lineWidth = 1.5 * unit;
    pen.lineJoin = "round";
    if (shown.box && box) {
      pen.strokeStyle = color;
      pen.strokeRect(box[0], box[1], box[2] - box[0], box[3] - box[1]);
      pen.font = `600 ${13 * unit}px system-ui, sans-serif`;
      const name = R.personName(person);
      const top = Math.max(16 * unit, box[1] - 5 * unit);
      pen.fillStyle = "rgba(0, 0, 0, 0.65)";
      pen.fillRect(box[0], top - 13 * unit, pen.measureText(name).width + 8 * unit, 17 * unit);
      pen.fillStyle = color;
      pen.fillText(name, box[0] + 4 * unit, top);
    }
    if (shown.points && points) drawPoints(pen, points, Math.max(0.8 * unit, side / 110), unit);
    const turn = take(overlay.pose_r, row);
    if (shown.axes && turn && points) drawAxes(pen, points, turn, side / 2, unit);
    const pupils = take(overlay.pupils, row);
    const gaze = take(overlay.gaze, row);
    if (shown.gaze && pupils && gaze) {
      for (const eye of [0, 1]) {
        const [x, y] = [pupils[2 * eye], pupils[2 * eye + 1]];
        line(pen, x, y, x + 0.6 * side * gaze[3 * eye], y + 0.6 * side * gaze[3 * eye + 1], GAZE, 2 * unit);
      }
    }
  }

  function drawPoints(pen, points, radius, unit) {
    pen.strokeStyle = "rgba(255, 255, 255, 0.55)";
    pen.lineWidth = 0.8 * unit;
    for (const [from, to, closed] of LINES) {
      pen.beginPath();
      for (let i = from; i < to; i++) pen.lineTo(points[2 * i], points[2 * i + 1]);
      if (closed) pen.closePath();
      pen.stroke();
    }
    pen.fillStyle = "#fff";
    pen.beginPath();
    for (let i = 0; i < 68; i++) {
      pen.moveTo(points[2 * i] + radius, points[2 * i + 1]);
      pen.arc(points[2 * i], points[2 * i + 1], radius, 0, 2 * Math.PI);
    }
    pen.fill();
  }

  /* The head's own axes from between the eyes: to its left, to the chin, out of the face. */
  function drawAxes(pen, points, turn, length, unit) {
    let x = 0;
    let y = 0;
    for (let i = 36; i < 48; i++) {
      x += points[2 * i] / 12;
      y += points[2 * i + 1] / 12;
    }
    const rotation = rotationMatrix(turn);
    const ends = [0, 1, 2].map((axis) => {
      const sign = axis === 2 ? -1 : 1;
      return [sign * rotation[0][axis], sign * rotation[1][axis], sign * rotation[2][axis], AXES[axis]];
    });
    ends.sort((a, b) => b[2] - a[2]); // the nearest is drawn last
    for (const [dx, dy, , color] of ends) line(pen, x, y, x + length * dx, y + length * dy, color, 2.5 * unit);
  }

  /* Rodrigues' formula. */
  function rotationMatrix([a, b, c]) {
    const angle = Math.hypot(a, b, c);
    if (angle < 1e-9) return [[1, 0, 0], [0, 1, 0], [0, 0, 1]];
    const [x, y, z] = [a / angle, b / angle, c / angle];
    const [s, k] = [Math.sin(angle), 1 - Math.cos(angle)];
    return [
      [1 - k * (y * y + z * z), k * x * y - s * z, k * x * z + s * y],
      [k * x * y + s * z, 1 - k * (x * x + z * z), k * y * z - s * x],
      [k * x * z - s * y, k * y * z + s * x, 1 - k * (x * x + y * y)],
    ];
  }

  function line(pen, x0, y0, x1, y1, color, width) {
    pen.strokeStyle = color;
    pen.lineWidth = width;
    pen.beginPath();
    pen.moveTo(x0, y0);
    pen.lineTo(x1, y1);
    pen.stroke();
  }
})();

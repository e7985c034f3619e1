/** The live page: the camera, what is measured in it, and who measures. */

import { getServer } from "./api";
import { type Computer, type Measured, openRemote, whyNotHere } from "./compute";
import { announce, el } from "./dom";
import { drawFaces } from "./draw";
import { Gauges } from "./gauges";
import { openLocal } from "./local";
import { button } from "./queue";

const CAMERA = { width: { ideal: 640 }, height: { ideal: 480 }, frameRate: { ideal: 30 } };
const RATE_MS = 2000;
const KEPT = 300;

export function showLive(main: HTMLElement): () => void {
  const video = el("video", { muted: true, playsInline: true, "aria-label": "Camera" });
  const canvas = el("canvas", { role: "img", "aria-label": "Measured faces" });
  const screen = el("div", { className: "screen" }, video, canvas);
  const status = el("p", { className: "status", role: "status" });
  const figures = el("p", { className: "figures" });
  const problem = el("p", { className: "problem", role: "alert" });
  const gauges = new Gauges();
  const sides = chooseSide(() => void restart());
  const start = button("Start camera", "Start camera", () => void toggle());
  start.classList.add("main");
  main.append(
    el("h1", { textContent: "Live camera" }),
    el("p", { className: "tools" }, start),
    sides.element,
    problem,
    status,
    el(
      "div",
      { className: "live" },
      el("div", {}, screen, figures),
      gauges.element,
      gauges.unitsElement,
    ),
  );

  let stream: MediaStream | undefined;
  let computer: Computer | undefined;
  let left = false;
  let frame = 0;
  let latest: Measured | undefined;
  let shown: number[] = [];
  const begun = new Map<number, number>();

  getServer().then((server) => sides.refuse(whyNotHere(server)), fail);

  function fail(error: Error | string): void {
    problem.textContent = typeof error === "string" ? error : error.message;
  }

  async function toggle(): Promise<void> {
    if (stream) {
      stop();
      return;
    }
    problem.textContent = "";
    try {
      if (!navigator.mediaDevices) throw new Error("browsers show cameras to https and localhost only");
      stream = await navigator.mediaDevices.getUserMedia({ video: CAMERA, audio: false });
    } catch (error) {
      fail(`The camera can't be used: ${(error as Error).message}`);
      return;
    }
    if (left) {
      stop();
      return;
    }
    video.srcObject = stream;
    await video.play();
    screen.style.aspectRatio = `${video.videoWidth} / ${video.videoHeight}`;
    start.textContent = "Stop camera";
    start.setAttribute("aria-label", "Stop camera");
    connect();
    video.requestVideoFrameCallback(onFrame);
  }

  function connect(): void {
    computer?.close();
    computer = latest = undefined;
    begun.clear();
    shown = [];
    screen.dataset.measured = "0";
    status.textContent = "Starting …";
    const listener = { measured, failed, ready: (how: string) => (status.textContent = `Measured ${how}.`) };
    computer = sides.local ? openLocal(listener) : openRemote(listener);
  }

  function failed(reason: string): void {
    fail(reason);
    stop();
  }

  function restart(): void {
    problem.textContent = "";
    if (stream) connect();
  }

  function onFrame(now: number, about: VideoFrameCallbackMetadata): void {
    if (!stream || left) return;
    frame += 1;
    if (computer?.free) {
      begun.set(frame, about.captureTime ?? now);
      computer.measure(video, frame, video.currentTime);
    }
    if (latest) drawFaces(canvas, latest.faces, ...latest.size); // the window may have changed
    video.requestVideoFrameCallback(onFrame);
  }

  function measured(result: Measured): void {
    latest = result;
    drawFaces(canvas, latest.faces, ...latest.size);
    const now = performance.now();
    const since = begun.get(result.frame) ?? now;
    for (const known of begun.keys()) if (known <= result.frame) begun.delete(known);
    shown.push(now);
    if (shown.length > KEPT || shown[0] < now - RATE_MS) shown = shown.filter((t) => t > now - RATE_MS);
    const rate = shown.length > 1 ? (shown.length - 1) / ((now - shown[0]) / 1000) : 0;
    figures.textContent =
      `${rate.toFixed(0)} frames/s · ${(now - since).toFixed(0)} ms from camera to screen, ` +
      `${(1000 * result.seconds).toFixed(0)} ms of it measuring`;
    screen.dataset.latency = (now - since).toFixed(1);
    screen.dataset.measured = String(Number(screen.dataset.measured) + 1);
    screen.dataset.faces = String(result.faces.length);
    // Of who was there first, so that the bars don't jump from face to face.
    const first = Math.min(...result.faces.map((face) => face.face_id));
    gauges.show(result.faces.find((face) => face.face_id === first));
    announce(result.faces.length ? "A face is measured" : "No face");
  }

  function stop(): void {
    computer?.close();
    computer = undefined;
    for (const track of stream?.getTracks() ?? []) track.stop();
    stream = undefined;
    video.srcObject = null;
    canvas.getContext("2d")?.clearRect(0, 0, canvas.width, canvas.height);
    start.textContent = "Start camera";
    start.setAttribute("aria-label", "Start camera");
    status.textContent = "";
  }

  return () => {
    left = true;
    stop();
  };
}

/** The switch between the server and this machine. */
function chooseSide(changed: () => void) {
  const option = (value: string, text: string, checked: boolean) => {
    const input = el("input", { type: "radio", name: "side", value, checked, onchange: changed });
    return { input, label: el("label", {}, input, ` ${text}`) };
  };
  const remote = option("server", "On the server: frames are sent to it and not kept", true);
  const local = option("browser", "In this browser: no picture leaves this machine", false);
  const why = el("p", { className: "note" });
  const element = el(
    "fieldset",
    { className: "sides" },
    el("legend", { textContent: "Where frames are measured" }),
    remote.label,
    local.label,
    why,
  );
  return {
    element,
    get local() {
      return local.input.checked;
    },
    refuse(reason: string | undefined) {
      local.input.disabled = reason !== undefined;
      why.textContent = reason ? `This browser can't measure by itself: ${reason}.` : "";
    },
  };
}

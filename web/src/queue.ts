/** The first page: drop files or folders, see how far their analyses are. */

import {
  type Analysis,
  analyzePath,
  ApiError,
  deleteAnalysis,
  getServer,
  listAnalyses,
  upload,
} from "./api";
import { announce, el } from "./dom";
import { filesOf } from "./files";

const POLL_MS = 500;
const IDLE_POLL_MS = 3000;
const BUSY_RETRY_MS = 3000;

export function showQueue(main: HTMLElement): () => void {
  let left = false;
  let timer = 0;
  const uploads = el("ul", { className: "jobs", "aria-label": "Uploads" });
  const jobs = el("ul", { className: "jobs", "aria-label": "Analyses" });
  const problem = el("p", { className: "problem", role: "alert" });
  const limits = el("p", { className: "note" });
  const paths = el("div");
  main.append(
    el("h1", { textContent: "Analyses" }),
    dropZone((files) => void sendAll(files)),
    limits,
    paths,
    problem,
    uploads,
    jobs,
  );

  getServer().then((server) => {
    const days = server.kept_seconds / 86400;
    const kept = days >= 1 ? `${Math.round(days)} days` : `${Math.round(days * 24)} hours`;
    limits.textContent =
      `Up to ${Math.round(server.upload_bytes / 1e6)} MB a file. ` +
      `Files and results stay on this server for ${kept}, or until you delete them.`;
    if (server.paths) paths.replaceChildren(pathForm(refresh));
  }, fail);

  async function sendAll(files: File[]): Promise<void> {
    problem.textContent = files.length ? "" : "There are no files in what was dropped.";
    for (const file of files) {
      if (left) return;
      await send(file);
      await refresh();
    }
  }

  async function send(file: File): Promise<void> {
    const bar = el("progress", { max: 1, value: 0, "aria-label": `Uploading ${file.name}` });
    const state = el("span", { className: "state", textContent: "Uploading" });
    const item = el("li", {}, el("span", { className: "name", textContent: file.name }), state, bar);
    uploads.append(item);
    for (;;) {
      try {
        await upload(file, (share) => (bar.value = share));
        item.remove();
        return;
      } catch (error) {
        if (error instanceof ApiError && error.status === 429 && !left) {
          state.textContent = "Waiting for the queue";
          await new Promise((resolve) => setTimeout(resolve, BUSY_RETRY_MS));
          continue;
        }
        bar.remove();
        state.textContent = (error as Error).message;
        state.classList.add("problem");
        announce(`${file.name}: ${(error as Error).message}`);
        item.append(button("Dismiss", `Dismiss ${file.name}`, () => item.remove()));
        return;
      }
    }
  }

  async function refresh(): Promise<void> {
    clearTimeout(timer);
    let busy = false;
    try {
      const found = await listAnalyses();
      busy = found.some((job) => job.state === "queued" || job.state === "running");
      if (!left) update(jobs, found, refresh);
    } catch (error) {
      fail(error as Error);
    }
    if (!left) timer = window.setTimeout(() => void refresh(), busy ? POLL_MS : IDLE_POLL_MS);
  }

  function fail(error: Error): void {
    problem.textContent = error.message;
  }

  void refresh();
  return () => {
    left = true;
    clearTimeout(timer);
  };
}

function dropZone(take: (files: File[]) => void): HTMLElement {
  const zone = el("div", { className: "drop card" });
  zone.append(
    el("p", { className: "lead", textContent: "Drop videos, pictures or folders here" }),
    el("p", {}, chooser("Choose files", false, take), chooser("Choose a folder", true, take)),
  );
  zone.addEventListener("dragover", (event) => {
    event.preventDefault();
    zone.classList.add("over");
  });
  zone.addEventListener("dragleave", () => zone.classList.remove("over"));
  zone.addEventListener("drop", (event) => {
    event.preventDefault();
    zone.classList.remove("over");
    if (event.dataTransfer) void filesOf(event.dataTransfer).then(take);
  });
  return zone;
}

function chooser(label: string, folder: boolean, take: (files: File[]) => void): HTMLElement {
  const input = el("input", { type: "file", multiple: true, hidden: true });
  if (folder) input.setAttribute("webkitdirectory", "");
  input.addEventListener("change", () => {
    take([...(input.files ?? [])].filter((file) => !file.name.startsWith(".")));
    input.value = "";
  });
  return el("span", {}, button(label, label, () => input.click()), input);
}

function pathForm(done: () => Promise<void>): HTMLElement {
  const field = el("input", { id: "path", type: "text", placeholder: "session 1/clip.mp4" });
  const problem = el("p", { className: "problem", role: "alert" });
  const form = el(
    "form",
    { className: "path" },
    el("label", { for: "path", textContent: "File on the server" }),
    field,
    el("button", { textContent: "Analyse" }),
    problem,
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    analyzePath(field.value).then(
      () => {
        problem.textContent = field.value = "";
        return done();
      },
      (error: Error) => (problem.textContent = error.message),
    );
  });
  return form;
}

/** Bring the list up to date; what stays is never taken out, as that would take the focus off it. */
function update(list: HTMLElement, jobs: Analysis[], refresh: () => Promise<void>): void {
  const items = [...list.children] as HTMLElement[];
  const old = new Map(items.map((item) => [item.dataset.id, item]));
  const ids = new Set<string | undefined>(jobs.map((job) => job.id));
  for (const item of items) if (!ids.has(item.dataset.id)) item.remove();
  jobs.forEach((job, place) => {
    const known = old.get(job.id);
    const item = known ?? newItem(job, refresh);
    if (known && known.dataset.state !== job.state) announce(`${job.name}: ${stateText(job)}`);
    item.dataset.state = job.state;
    fill(item, job);
    if (!known) list.insertBefore(item, list.children[place] ?? null);
  });
}

function newItem(job: Analysis, refresh: () => Promise<void>): HTMLElement {
  const item = el(
    "li",
    {},
    el("span", { className: "name", textContent: job.name }),
    el("span", { className: "state" }),
    button("Delete", `Delete ${job.name}`, () => {
      void deleteAnalysis(job.id).finally(refresh);
    }),
  );
  item.dataset.id = job.id;
  return item;
}

function fill(item: HTMLElement, job: Analysis): void {
  const [name, state] = item.children;
  if (job.state === "done" && name.tagName !== "A") {
    const href = `#/result/${job.id}`;
    name.replaceWith(el("a", { className: "name", href, textContent: job.name }));
  }
  const text = stateText(job);
  if (state.textContent !== text) state.textContent = text;
  state.classList.toggle("problem", job.state === "failed");
  let bar = item.querySelector("progress");
  if (job.state !== "queued" && job.state !== "running") {
    bar?.remove();
    return;
  }
  if (!bar) {
    bar = el("progress", { max: 1, "aria-label": `Progress of ${job.name}` });
    state.after(bar);
  }
  if (job.state === "queued") bar.value = 0;
  else if (job.frames_expected) bar.value = job.frames / job.frames_expected;
  else bar.removeAttribute("value"); // how long it takes is unknown
}

function stateText(job: Analysis): string {
  if (job.state === "queued") return "Waiting";
  if (job.state === "failed") return job.error ?? "Failed";
  if (job.state === "running") {
    const all = job.frames_expected ? ` of ${job.frames_expected}` : "";
    return `Frame ${job.frames}${all}`;
  }
  const { frames, frames_with_face: seen, problems } = job.summary ?? {
    frames: job.frames,
    frames_with_face: 0,
    problems: [],
  };
  const text = `Done: ${frames} frame${frames === 1 ? "" : "s"}, a face in ${seen}`;
  return problems.length ? `${text}; ${problems.join("; ")}` : text;
}

export function button(text: string, label: string, action: () => void): HTMLButtonElement {
  const element = el("button", { type: "button", textContent: text, onclick: action });
  if (label !== text) element.setAttribute("aria-label", label);
  return element;
}

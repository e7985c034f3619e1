/** One result: the report's own component on the data of an analysis. */

import { deleteAnalysis, getAnalysis, getJson } from "./api";
import { el } from "./dom";
import { button } from "./queue";

interface Report {
  destroy(): void;
}

declare global {
  interface Window {
    mountReport?: (element: HTMLElement, data: unknown) => Report;
  }
}

let component: Promise<void> | undefined;

export function showResult(main: HTMLElement, id: string): () => void {
  let report: Report | undefined;
  let left = false;
  const title = el("h1", { textContent: "Result" });
  const tools = el("p", { className: "tools" });
  const place = el("div", { textContent: "Loading…" });
  const problem = el("p", { className: "problem", role: "alert" });
  main.append(title, tools, problem, place);

  async function show(): Promise<void> {
    const job = await getAnalysis(id);
    title.textContent = job.name;
    const path = `/v1/analyses/${id}`;
    const link = (text: string, href: string) => el("a", { textContent: text, href, download: "" });
    tools.replaceChildren(
      link("CSV", `${path}/table?format=csv`),
      link("Parquet", `${path}/table?format=parquet`),
      link("JSON lines", `${path}/table?format=jsonl`),
      link("Report as a file", `${path}/report`),
      button("Delete", `Delete ${job.name}`, () => {
        deleteAnalysis(id).then(
          () => (location.hash = "#/"),
          (error: Error) => (problem.textContent = error.message),
        );
      }),
    );
    const [data] = await Promise.all([getJson<unknown>(`${path}/report?format=json`), load()]);
    if (left || !window.mountReport) return;
    place.replaceChildren();
    report = window.mountReport(place, data);
  }

  show().catch((error: Error) => {
    place.replaceChildren();
    problem.textContent = error.message;
  });
  return () => {
    left = true;
    report?.destroy();
  };
}

/** The component's files, from the package that also writes reports to disk; once. */
function load(): Promise<void> {
  component ??= (async () => {
    document.head.append(el("link", { rel: "stylesheet", href: "/report/report.css" }));
    await script("/report/plotly.js");
    await script("/report/report.js");
  })();
  return component;
}

function script(src: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const element = el("script", { src });
    element.onload = () => resolve();
    element.onerror = () => reject(new Error("the plots can't be loaded; see 'prosopon doctor'"));
    document.head.append(element);
  });
}

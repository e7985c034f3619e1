/** Which page is shown: `#/`, `#/result/ID` or `#/live`. */

import "./style.css";
import { openSession } from "./api";
import { el } from "./dom";
import { showLive } from "./live";
import { showQueue } from "./queue";
import { showResult } from "./result";

/** Fills the element; returns what is to be done when the page is left. */
export type Page = (main: HTMLElement) => () => void;

const main = document.getElementById("main") as HTMLElement;
let leave: () => void = () => undefined;

function route(): void {
  const [, name = "", id = ""] = location.hash.split("/");
  const page: Page =
    name === "result" ? (into) => showResult(into, id) : name === "live" ? showLive : showQueue;
  leave();
  main.replaceChildren();
  leave = page(main);
  for (const link of document.querySelectorAll<HTMLAnchorElement>("nav a")) {
    const here = link.hash === `#/${name}`;
    if (here) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
}

/** Ask for the token once, then show the page again. */
function askForToken(): void {
  if (document.querySelector("form.token")) return;
  leave();
  leave = () => undefined;
  const field = el("input", { id: "token", type: "password", required: true, autocomplete: "off" });
  const problem = el("p", { role: "alert" });
  const form = el(
    "form",
    { className: "token card" },
    el("h1", { textContent: "Token" }),
    el("p", { textContent: "This server asks for the token that it was started with." }),
    el("label", { for: "token", textContent: "Token" }),
    field,
    el("button", { textContent: "Go on" }),
    problem,
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    openSession(field.value).then(route, (error: Error) => {
      problem.textContent = error.message;
    });
  });
  main.replaceChildren(form);
  field.focus();
}

window.addEventListener("hashchange", () => {
  // The skip link's target is no page.
  if (location.hash !== "#main") route();
});
window.addEventListener("token-needed", askForToken);
route();

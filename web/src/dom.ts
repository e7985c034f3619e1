/** Elements without HTML strings, so that file names stay text. */

type Properties = Record<string, unknown>;
type Child = Node | string | null | undefined | false;

/** An element; names with a dash, `role` and `for` are attributes, `onclick` and the like listeners. */
export function el<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  properties: Properties = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.includes("-") || name === "role" || name === "for") {
      element.setAttribute(name, String(value));
    } else {
      (element as unknown as Properties)[name] = value;
    }
  }
  element.append(...children.filter((child): child is Node | string => !!child));
  return element;
}

/** Say something to a screen reader without moving the focus. */
export function announce(text: string): void {
  const announcer = document.getElementById("announcer");
  if (announcer && announcer.textContent !== text) announcer.textContent = text;
}

export function required<T>(value: T | null | undefined, what: string): T {
  if (value === null || value === undefined) throw new Error(`this browser gives no ${what}`);
  return value;
}

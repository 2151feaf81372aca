/** Small helpers for building elements. Text only ever goes in as text. */

type Attributes = Record<string, string>;

export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

export function button(kind: string, ...children: (Node | string)[]): HTMLButtonElement {
  return element("button", { type: "button", class: kind }, ...children);
}

/** Listen to an element. */
export function on<K extends keyof HTMLElementEventMap>(
  el: HTMLElement,
  type: K,
  listener: (event: HTMLElementEventMap[K]) => void,
): void {
  el.addEventListener(type, listener);
}

/** An SVG element, such as a 16 × 16 icon's. */
export function svg(tag: string, attributes: Attributes, ...children: Node[]): SVGElement {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

/** A 16 × 16 line icon from path data. */
export function icon(...paths: string[]): SVGElement {
  return svg(
    "svg",
    { viewBox: "0 0 16 16", "aria-hidden": "true" },
    ...paths.map((d) => svg("path", { d })),
  );
}

/** A button with an icon, named for those who don't see it and under the pointer. */
export function iconButton(label: string, kind: string, ...paths: string[]): HTMLButtonElement {
  return element(
    "button",
    { type: "button", class: `nbs-button ${kind}`, "aria-label": label, title: label },
    icon(...paths),
  );
}

/** A choice among a few, with its name for screen readers. */
export function choice<T extends string>(
  label: string,
  options: readonly (readonly [value: T, word: string])[],
  onChange: (value: T) => void,
): HTMLSelectElement {
  const select = element(
    "select",
    { class: "nbs-select", "aria-label": label, title: label },
    ...options.map(([value, word]) => element("option", { value }, word)),
  );
  on(select, "change", () => onChange(select.value as T));
  return select;
}

/** Set the text only where it changed, so that nothing is laid out anew for nothing. */
export function setText(node: Element, text: string): void {
  if (node.textContent !== text) node.textContent = text;
}

/** Add a style sheet, once, to the page or, where a host draws widgets in a shadow of their own, to that. */
export function addStyle(id: string, css: string, root: Node): void {
  const home = root instanceof ShadowRoot ? root : document.head;
  if (!home.querySelector(`#${id}`)) home.append(element("style", { id }, css));
}

/** A widget in a page: its model, and what a reader sees and presses. */

import { afterAll, afterEach, beforeEach, vi } from "vitest";
import widget from "../src/index";
import type { Answer, Traits } from "../src/protocol";
import { lastLook } from "./helpers";

/** What of anywidget's model the front end uses. */
export class Model {
  sent: unknown[] = [];
  #listeners = new Map<string, Set<(...args: unknown[]) => void>>();
  constructor(public traits: Traits) {}
  get = (name: keyof Traits) => this.traits[name];
  send = (message: unknown) => this.sent.push(message);
  on(name: string, listener: () => void) {
    if (!this.#listeners.has(name)) this.#listeners.set(name, new Set());
    this.#listeners.get(name)?.add(listener);
  }
  off = (name: string, listener: () => void) => this.#listeners.get(name)?.delete(listener);
  emit = (name: string, ...args: unknown[]) => {
    for (const listener of this.#listeners.get(name) ?? []) listener(...args);
  };
  set(name: keyof Traits, value: unknown) {
    Object.assign(this.traits, { [name]: value });
    this.emit(`change:${name}`);
  }
  receive = (message: Answer) => this.emit("msg:custom", message);
}

export const TRAITS: Traits = {
  view: "tokens",
  delimiter: "|",
  borders: "delimiter",
  whitespace: false,
  heat: "none",
  price: {},
  max_height: "30em",
  _kind: "run",
  _build: "b1",
  _interrupt: "press I, I",
  _place: "here",
  _log: {},
  _modules: undefined,
};

/** The model of the widget opened last; tests only look at it. */
export let model: Model;
/** Whether it asked for all there is. */
export let opening: unknown[];
/** Ends its views, */
export let leave: AbortController;
/** and closes the model. */
export let close: AbortController;

let manager: object | undefined;

/** What the host offers to the models that are opened from now on. */
export function setManager(offered: object): void {
  manager = offered;
}

/** Without signals, as anywidget before 0.11, what is returned is called instead. */
export function open(traits: Partial<Traits> = {}, hasSignals = true, make = widget) {
  const ending = (signal: AbortSignal) => (hasSignals ? { signal } : {});
  const endAt = (signal: AbortSignal, end: () => void) =>
    hasSignals || signal.addEventListener("abort", end);
  model = new Model({ ...TRAITS, ...traits });
  Object.assign(model, { widget_manager: manager });
  const { initialize, render } = make();
  endAt(close.signal, initialize({ model, ...ending(close.signal) } as never));
  const isOpening = (message: unknown) => (message as { type: string }).type === "open";
  opening = model.sent.filter(isOpening);
  model.sent = model.sent.filter((message) => !isOpening(message));
  const view = () => {
    const el = document.createElement("div");
    document.body.append(el);
    // The model that a view is given listens no longer than the view is there.
    const on = (name: string, listener: () => void) => {
      model.on(name, listener);
      leave.signal.addEventListener("abort", () => model.off(name, listener));
    };
    const own = { model: Object.assign(Object.create(model), { on }), el };
    endAt(leave.signal, render({ ...own, ...ending(leave.signal) } as never));
    return el.querySelector<HTMLElement>(".nbstream")!;
  };
  return view;
}

export function text(root: HTMLElement, selector: string): string {
  return root.querySelector(selector)?.textContent ?? "none";
}

export function button(root: HTMLElement, label: string): HTMLButtonElement {
  return root.querySelector<HTMLButtonElement>(`button[aria-label^="${label}"]`)!;
}

export function tab(root: HTMLElement, word: string): HTMLButtonElement {
  const tabs = [...root.querySelectorAll<HTMLButtonElement>("[role=tab]")];
  return tabs.find((one) => one.textContent?.startsWith(word))!;
}

export function choose(root: HTMLElement, label: string, value: string): void {
  const select = root.querySelector<HTMLSelectElement>(`[aria-label="${label}"]`)!;
  select.value = value;
  select.dispatchEvent(new Event("change"));
}

beforeEach(() => {
  manager = undefined;
  leave = new AbortController();
  close = new AbortController();
});

afterAll(lastLook);

afterEach(() => {
  leave.abort();
  close.abort();
  document.body.replaceChildren();
  vi.restoreAllMocks();
});

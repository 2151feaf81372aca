import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import widget from "../src/index";
import type { Frame, Traits } from "../src/protocol";
import { chunks, frame, settle, start } from "./helpers";

/** What of anywidget's model the front end uses. */
class Model {
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
  set(name: keyof Traits, value: string) {
    Object.assign(this.traits, { [name]: value });
    this.emit(`change:${name}`);
  }
  receive = (message: Frame) => this.emit("msg:custom", message);
}

let model: Model;
let leave: AbortController;

function open(traits: Partial<Traits> = {}) {
  model = new Model({ delimiter: "|", _log: {}, ...traits });
  const { initialize, render } = widget();
  initialize({ model } as never);
  const view = () => {
    const el = document.createElement("div");
    document.body.append(el);
    render({ model, el, signal: leave.signal } as never);
    return el.querySelector<HTMLElement>(".nbstream")!;
  };
  return view;
}

function text(root: HTMLElement, selector: string): string {
  return root.querySelector(selector)?.textContent ?? "none";
}

beforeEach(() => {
  leave = new AbortController();
});

afterEach(() => {
  leave.abort();
  document.body.replaceChildren();
});

describe("the widget", () => {
  it("waits, streams and is done", async () => {
    const root = open()();
    await settle();
    expect(text(root, ".nbs-word")).toBe("Waiting");
    expect(text(root, ".nbs-hint")).toBe("Waiting for the first token…");
    model.receive(frame(0, start(), chunks("Here", " is")));
    await settle();
    expect(root.dataset.status).toBe("streaming");
    expect(text(root, ".nbs-tokens")).toBe("Here is");
    expect(text(root, ".nbs-hint")).toBe("");
    expect(text(root, ".nbs-model")).toBe("m");
    model.receive(frame(3, { kind: "end", at: 300, run: 0, usage: { input: 1, output: 7 } }));
    await settle();
    expect(text(root, ".nbs-word")).toBe("Done");
    expect(text(root, ".nbs-metrics")).toBe("first token 10 ms · 7 tokens · 600 tokens/s");
  });

  it("shows what went wrong beside what had come", async () => {
    const root = open()();
    const error = { type: "ProviderError", message: "<b>no</b>" };
    model.receive(frame(0, start(), chunks("par"), { kind: "error", at: 200, run: 0, error }));
    await settle();
    expect(text(root, ".nbs-word")).toBe("Failed");
    expect(text(root, ".nbs-tokens")).toBe("par");
    expect(text(root, ".nbs-error")).toBe("ProviderError<b>no</b>");
    expect(root.querySelector("b")).toBeNull();
  });

  it("says that it was stopped, or cut off", async () => {
    const stopped = open()();
    model.receive(frame(0, start(), { kind: "cancelled", at: 200, run: 0 }));
    await settle();
    expect(text(stopped, ".nbs-word")).toBe("Stopped");
    expect(text(stopped, ".nbs-hint")).toBe("Stopped before any text came.");
    const cut = open()();
    model.receive(frame(0, start(), { kind: "end", at: 200, run: 0, stop: "max_tokens" }));
    await settle();
    expect(text(cut, ".nbs-note")).toContain("max_tokens");
  });

  it("starts from the log it is given, and a second view shows the same", async () => {
    const view = open({ _log: frame(0, start(), chunks("a", "b")) });
    const first = view();
    model.receive(frame(3, chunks("c")));
    const second = view();
    await settle();
    for (const root of [first, second]) expect(text(root, ".nbs-tokens")).toBe("abc");
  });

  it("asks for what it missed", () => {
    open()();
    model.receive(frame(5, chunks("late")));
    expect(model.sent).toEqual([{ type: "resync", seq: 0 }]);
  });

  it("asks for a stop, and says what to do where that is not heard", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout"] });
    const root = open()();
    model.receive(frame(0, start(), chunks("a")));
    await settle();
    const stop = root.querySelector<HTMLButtonElement>(".nbs-stop")!;
    expect(stop.hidden).toBe(false);
    stop.click();
    expect(model.sent).toEqual([{ type: "stop" }]);
    expect(stop.disabled).toBe(true);
    vi.advanceTimersByTime(3000);
    await settle();
    expect(text(root, ".nbs-note")).toContain("interrupt it");
    model.receive(frame(2, { kind: "cancelled", at: 300, run: 0 }));
    await settle();
    expect(stop.hidden).toBe(true);
    expect(text(root, ".nbs-note")).toBe("");
    vi.useRealTimers();
  });

  it("draws the delimiter by style and lets the reader switch it", async () => {
    const root = open({ delimiter: ' "\\\n' })();
    const marks = root.querySelector<HTMLButtonElement>("[aria-pressed]")!;
    expect(root.classList.contains("nbs-marked")).toBe(true);
    expect(root.style.getPropertyValue("--nbs-delimiter")).toBe('" \\22 \\5c \\a "');
    marks.click();
    expect(root.classList.contains("nbs-marked")).toBe(false);
    expect(marks.getAttribute("aria-pressed")).toBe("false");
    model.set("delimiter", "·");
    expect(root.classList.contains("nbs-marked")).toBe(true);
    expect(root.style.getPropertyValue("--nbs-delimiter")).toBe('"·"');
    model.set("delimiter", "");
    expect(root.classList.contains("nbs-marked")).toBe(false);
  });

  it("keeps what the reader set up when the notebook draws the output anew", async () => {
    const view = open();
    const first = view();
    const runs = [start(0, { type: "chain" }), start(1, { parent: 0 })];
    model.receive(frame(0, ...runs, chunks("a")));
    await settle();
    first.querySelector("details")!.open = true;
    first.querySelector("details")!.dispatchEvent(new Event("toggle"));
    first.querySelector<HTMLButtonElement>("[aria-pressed]")!.click();
    first.remove();
    const second = view();
    await settle();
    expect(second.querySelector("details")!.open).toBe(true);
    expect(second.querySelectorAll("tbody tr")).toHaveLength(2);
    expect(second.classList.contains("nbs-marked")).toBe(false);
    model.set("delimiter", "/");
    expect(view().classList.contains("nbs-marked")).toBe(true);
  });

  it("spends nothing on a view that left the page", async () => {
    const root = open()();
    await settle();
    root.remove();
    model.receive(frame(0, start(), chunks("a")));
    await settle();
    expect(text(root, ".nbs-tokens")).toBe("");
  });

  it("stops listening when the view goes", async () => {
    const root = open()();
    await settle();
    leave.abort();
    model.receive(frame(0, start(), chunks("a")));
    model.set("delimiter", "·");
    await settle();
    expect(text(root, ".nbs-tokens")).toBe("");
    expect(root.style.getPropertyValue("--nbs-delimiter")).toBe('"|"');
  });
});

/** What is drawn, and when, of views that nobody sees. */

import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { chunks, frame, settle, start } from "./helpers";
import { type Model, model, open, text } from "./page";

/** Tells what is observed only when a test says so. */
class Observer {
  static all: Observer[] = [];
  constructor(readonly changed: (entries: { isIntersecting: boolean }[]) => void) {
    Observer.all.push(this);
  }
  observe() {}
  disconnect() {}
}
class Sight extends Observer {
  static override all: Observer[] = [];
  constructor(changed: Observer["changed"]) {
    super(changed);
    Sight.all.push(this);
  }
}

beforeEach(() => {
  Observer.all = [];
  Sight.all = [];
  vi.stubGlobal("IntersectionObserver", Sight);
  vi.stubGlobal("ResizeObserver", Observer);
});

afterEach(() => {
  vi.unstubAllGlobals();
});

it("views that are out of sight take turns, and one that comes into sight does not wait", async () => {
  const roots: HTMLElement[] = [];
  const models: Model[] = [];
  for (let i = 0; i < 4; i++) {
    roots.push(open()());
    models.push(model);
  }
  await settle();
  const see = (i: number, isIntersecting: boolean) => Sight.all[i]!.changed([{ isIntersecting }]);
  for (let i = 0; i < 4; i++) see(i, false);
  see(3, true);
  for (const one of models) one.receive(frame(0, start(), chunks("news")));
  await new Promise((resolve) => requestAnimationFrame(resolve));
  const told = () => roots.map((root) => text(root, ".nbs-tokens"));
  expect(told()).toEqual(["news", "", "", "news"]);
  await settle();
  expect(told()).toEqual(["news", "news", "news", "news"]);
});

it("a view that has grown is not drawn once more for it", async () => {
  const root = open()();
  await settle();
  let width = 400;
  Object.defineProperty(root, "clientWidth", { get: () => width });
  const resized = () => {
    for (const one of Observer.all) if (!Sight.all.includes(one)) one.changed([]);
  };
  resized();
  await settle();
  const soon = vi.spyOn(globalThis, "requestAnimationFrame");
  resized();
  expect(soon).not.toHaveBeenCalled();
  width = 300;
  resized();
  expect(soon).toHaveBeenCalledTimes(1);
  soon.mockRestore();
});

import { describe, expect, it } from "vitest";
import type { Item } from "../src/protocol";
import { apply, initial, type RunState } from "../src/state";
import { MAX_ROWS, TimelineView } from "../src/views/timeline";
import { frame, setup, start } from "./helpers";

function runsOf(...items: Item[]): RunState[] {
  const state = initial();
  apply(state, frame(0, ...items));
  return state.runs;
}

function opened(runs: RunState[]): TimelineView {
  const view = new TimelineView(setup());
  view.el.open = true;
  view.update(runs);
  return view;
}

const CHAIN = [
  start(0, { type: "chain", name: "Chain" }),
  start(1, { at: 1000, parent: 0, name: "Model" }),
  { kind: "chunks", at: 3000, run: [1, 0], gap: [0, 0], text: ["a", "a"] } as Item,
  { kind: "end", at: 4000, run: 1 } as Item,
];

const cells = (view: TimelineView, selector: string) => [
  ...view.el.querySelectorAll<HTMLElement>(`tbody ${selector}`),
];

describe("TimelineView", () => {
  it("shows nothing for a single step", () => {
    expect(opened(runsOf(start())).el.hidden).toBe(true);
  });

  it("places each step under its caller and in time", () => {
    const view = opened(runsOf(...CHAIN));
    expect(view.el.querySelector("summary")?.textContent).toBe("2 steps");
    expect(cells(view, ".nbs-step").map((cell) => cell.textContent)).toEqual(["Chain", "Model"]);
    expect(cells(view, ".nbs-step")[1]?.style.getPropertyValue("--nbs-depth")).toBe("1");
    const [whole, model] = cells(view, ".nbs-bar");
    expect([whole?.style.left, whole?.style.width]).toEqual(["0%", "100%"]);
    expect([model?.style.left, model?.style.width]).toEqual(["25%", "75%"]);
    const firsts = cells(view, ".nbs-first");
    expect(firsts.map((mark) => mark.hidden)).toEqual([true, false]);
    expect(firsts[1]?.style.left).toBe("75%");
    expect(cells(view, ".nbs-took").map((c) => c.textContent)).toEqual(["running", "300 ms"]);
  });

  it("keeps steps that ran at once under their own callers", () => {
    const view = opened(
      runsOf(
        start(0, { name: "all" }),
        start(1, { parent: 0, name: "a" }),
        start(2, { parent: 0, name: "b" }),
        start(3, { parent: 2, name: "b1" }),
        start(4, { parent: 1, name: "a1" }),
        start(5, { parent: 1, name: "a2" }),
        start(6, { parent: 4, name: "a1x" }),
        start(7, { parent: 0, name: "c" }),
      ),
    );
    const names = cells(view, ".nbs-step").map((cell) => cell.textContent);
    expect(names).toEqual(["all", "a", "a1", "a1x", "a2", "b", "b1", "c"]);
  });

  it("says in words what failed or was stopped", () => {
    const error = { type: "E", message: "m" };
    const view = opened(
      runsOf(
        ...CHAIN.slice(0, 2),
        { kind: "error", at: 2000, run: 1, error },
        { kind: "cancelled", at: 2000, run: 0 },
      ),
    );
    const words = cells(view, ".nbs-took").map((c) => c.textContent);
    expect(words).toEqual(["stopped · 200 ms", "failed · 100 ms"]);
  });

  it("works on rows only while they are open, and on a bounded number", () => {
    const many = Array.from({ length: MAX_ROWS + 20 }, (_, i) =>
      start(i, { parent: i ? 0 : null, name: `<b>${i}</b>` }),
    );
    const view = new TimelineView(setup());
    view.update(runsOf(...many));
    expect(cells(view, "tr")).toHaveLength(0);
    view.el.open = true;
    view.update(runsOf(...many));
    expect(cells(view, "tr")).toHaveLength(MAX_ROWS);
    expect(view.el.querySelector(".nbs-rest")?.textContent).toBe("… and 20 more");
    expect(view.el.querySelector("b")).toBeNull();
  });
});

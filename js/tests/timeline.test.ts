import { describe, expect, it, vi } from "vitest";
import type { Item } from "../src/protocol";
import { setup } from "../src/setup";
import { density } from "../src/views/density";
import { DetailsView } from "../src/views/details";
import { MAX_ROWS, TimelineView } from "../src/views/timeline";
import { chunks, end, press, runOf, start, storeOf } from "./helpers";

function shown(...items: Item[]) {
  const { store } = storeOf(...items);
  const select = vi.fn((run: number | null) => {
    state.selected = run;
    view.update(store.state.runs, store.now);
  });
  const state = setup();
  const view = new TimelineView(state, select);
  document.body.replaceChildren(view.el);
  view.update(store.state.runs, 400);
  return { view, store, select, state };
}

const CHAIN = [
  start(0, { type: "chain", name: "Chain" }),
  start(1, { at: 1000, parent: 0, name: "Model" }),
  { kind: "chunks", at: 3000, run: [1, 0], gap: [0, 0], text: ["a", "a"] } as Item,
  { kind: "end", at: 4000, run: 1 } as Item,
];

const TREE = [
  start(0, { name: "all" }),
  start(1, { parent: 0, name: "a" }),
  start(2, { parent: 0, name: "b" }),
  start(3, { parent: 2, name: "b1" }),
  start(4, { parent: 1, name: "a1" }),
  start(5, { parent: 1, name: "a2" }),
  start(6, { parent: 4, name: "a1x" }),
  start(7, { parent: 0, name: "c" }),
];

const cells = (view: TimelineView, selector: string) => [
  ...view.el.querySelectorAll<HTMLElement>(`tbody ${selector}`),
];
const seen = (view: TimelineView) =>
  cells(view, "tr")
    .filter((row) => !row.hidden)
    .map((row) => row.querySelector("bdi")?.textContent);

describe("TimelineView", () => {
  it("places each step under its caller and in time", () => {
    const { view } = shown(...CHAIN);
    expect(seen(view)).toEqual(["Chain", "Model"]);
    expect(cells(view, ".nbs-step")[1]?.style.getPropertyValue("--nbs-depth")).toBe("1");
    const [whole, model] = cells(view, ".nbs-bar");
    expect([whole?.style.insetInlineStart, whole?.style.width]).toEqual(["0%", "100%"]);
    expect([model?.style.insetInlineStart, model?.style.width]).toEqual(["25%", "75%"]);
    const firsts = cells(view, ".nbs-first");
    expect(firsts.map((mark) => mark.hidden)).toEqual([true, false]);
    expect(firsts[1]?.style.insetInlineStart).toBe("75%");
    expect(cells(view, ".nbs-took").map((c) => c.textContent)).toEqual(["running", "300 ms"]);
  });

  it("keeps steps that ran at once under their own callers", () => {
    const { view } = shown(...TREE);
    expect(seen(view)).toEqual(["all", "a", "a1", "a1x", "a2", "b", "b1", "c"]);
    const levels = cells(view, "tr").map((row) => row.getAttribute("aria-level"));
    expect(levels).toEqual(["1", "2", "3", "4", "3", "2", "3", "2"]);
  });

  it("is a treegrid for the keys", () => {
    const { view, select } = shown(...TREE);
    const at = () => document.activeElement?.querySelector("bdi")?.textContent;
    const go = (key: string) => {
      press(document.activeElement!, key);
      return at();
    };
    cells(view, "tr")[0]!.focus();
    expect(["ArrowDown", "ArrowRight", "ArrowLeft"].map(go)).toEqual(["a", "a1", "a1"]);
    expect(seen(view)).toEqual(["all", "a", "a1", "a2", "b", "b1", "c"]);
    expect(go("ArrowLeft")).toBe("a");
    go("ArrowLeft");
    expect(document.activeElement?.getAttribute("aria-expanded")).toBe("false");
    expect(seen(view)).toEqual(["all", "a", "b", "b1", "c"]);
    expect(["ArrowRight", "End", "ArrowUp", "Home"].map(go)).toEqual(["a", "c", "b1", "all"]);
    expect(view.el.querySelectorAll("tr[tabindex='0']")).toHaveLength(1);
    go("Enter");
    expect(select).toHaveBeenLastCalledWith(0);
    expect(document.activeElement?.getAttribute("aria-selected")).toBe("true");
    go(" ");
    expect(select).toHaveBeenLastCalledWith(null);
    expect(press(document.activeElement!, "Enter", { shiftKey: true }).defaultPrevented).toBe(
      false,
    );
  });

  it("folds by the pointer, too, and all at once", () => {
    const { view, select, state } = shown(...TREE);
    cells(view, ".nbs-twisty")[1]!.click();
    expect(seen(view)).toEqual(["all", "a", "b", "b1", "c"]);
    expect(select).not.toHaveBeenCalled();
    cells(view, "tr")[1]!.click();
    expect(select).toHaveBeenLastCalledWith(1);
    view.expand(null, false);
    expect(seen(view)).toEqual(["all"]);
    // The view that takes this one's place is folded alike.
    const again = new TimelineView(state, select);
    again.update(storeOf(...TREE).store.state.runs, 0);
    expect(seen(again)).toEqual(["all"]);
    view.expand(null, true);
    expect(seen(view)).toHaveLength(8);
  });

  it("says in words what failed or was stopped", () => {
    const error = { type: "E", message: "m" };
    const { view } = shown(
      ...CHAIN.slice(0, 2),
      { kind: "error", at: 2000, run: 1, error },
      { kind: "cancelled", at: 2000, run: 0 },
    );
    const words = cells(view, ".nbs-took").map((c) => c.textContent);
    expect(words).toEqual(["stopped · 200 ms", "failed · 100 ms"]);
  });

  it("has a bounded number of rows, and names are text", () => {
    const many = Array.from({ length: MAX_ROWS + 20 }, (_, i) =>
      start(i, { parent: i ? 0 : null, name: `<b>${i}</b>` }),
    );
    const { view } = shown(...many);
    expect(cells(view, "tr")).toHaveLength(MAX_ROWS);
    expect(view.el.querySelector(".nbs-rest")?.textContent).toBe("… and 20 more");
    expect(view.el.querySelector("b")).toBeNull();
  });

  it("shows fewer steps when a replay is before the others", () => {
    const { view, store } = shown(...CHAIN, end({ at: 5000 }));
    store.replay.seek(50);
    view.update(store.state.runs, store.now);
    expect(seen(view)).toEqual(["Chain"]);
    store.replay.seek(150);
    view.update(store.state.runs, store.now);
    expect(seen(view)).toEqual(["Chain", "Model"]);
  });

  it("strokes a bar where chunks came", () => {
    expect(density([1])).toBe("none");
    const strokes = density([0, 1, 2, 3, 100]);
    expect(strokes).toContain("100%, transparent) 0% 2.5%");
    expect(strokes).toContain("0%, transparent) 50% 52.5%");
  });
});

describe("DetailsView", () => {
  const details = (...items: Item[]) => {
    const view = new DetailsView();
    view.update(runOf(...items));
    const names = [...view.el.querySelectorAll("dt")].map((name) => name.textContent);
    const values = [...view.el.querySelectorAll("dd")].map((value) => value.textContent);
    return Object.fromEntries(names.map((name, i) => [name, values[i]]));
  };

  it("says what went in and what came out", () => {
    const message = {
      type: "AIMessageChunk",
      usage_metadata: { input_tokens: 3, output_tokens: 1 },
      response_metadata: { stop_reason: "end_turn" },
    };
    const said = details(
      start(0, { input: "Hi", tags: ["x", "y"], metadata: { lesson: 1 } }),
      chunks("a", "b"),
      end({ message }),
    );
    expect(said.Run).toBe("chat_model · done · 30 ms");
    expect(said.Input).toBe("Hi");
    expect(JSON.parse(said.Output!)).toEqual({ ...message, content: "ab" });
    expect(said.Tags).toBe("x, y");
    expect(said.Metadata).toContain('"lesson": 1');
    expect(said.Usage).toBe("3 in, 1 token out");
    expect(said["Stop reason"]).toBe("end_turn");
  });

  it("shows the text so far, and what went wrong", () => {
    expect(details(start(), chunks("a", "b")).Output).toBe("ab");
    expect(details(start(), chunks("a"), end()).Output).toBe("a");
    expect(details(start(), end({ output: { a: 1 } })).Output).toContain('"a": 1');
    const error = { type: "E", message: "<b>m</b>" };
    expect(details(start(), { kind: "error", at: 1, run: 0, error }).Error).toBe("E: <b>m</b>");
  });

  it("is gone where no run is selected, and bounded", () => {
    const view = new DetailsView();
    view.update(undefined);
    expect(view.el.hidden).toBe(true);
    expect(details(start(0, { input: "x".repeat(50_000) })).Input?.length).toBeLessThan(21_000);
  });
});

/** The odds of tokens: what they come to, how they are shown, and branches from them. */

import { beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { keyOf, provide } from "../src/modules";
import { bar, inWords, told, visible } from "../src/odds/bars";
import { entropyOf, oddsOfAll, rankOf } from "../src/odds/figures";
import { legend, levelOf } from "../src/odds/heat";
import * as module from "../src/odds/index";
import { lend, oddsAt } from "../src/odds/of_run";
import { barsOf, Strip } from "../src/odds/strip";
import { treeOf } from "../src/odds/tree";
import type { Frame, Item, Json, Odds } from "../src/protocol";
import type { RunState } from "../src/state";
import { end, frame, likely, press, runOf, settle, start, storeOf } from "./helpers";
import { choose, model, open, text } from "./page";

const HALF = Math.log(0.5);
const FISH: Odds = ["fish", Math.log(0.25), "cat", HALF, "fish", Math.log(0.25)];

/** Texts of a run, each with odds. */
function said(run: number, ...odds: Odds[]): Item {
  return {
    kind: "chunks",
    at: 100 + run,
    run: odds.map(() => run),
    gap: odds.map((_, at) => (at ? 10 : 0)),
    text: odds.map(([token]) => String(token)),
    odds: odds.map((one) => [one]),
  };
}

function branchOf(run: number, of: Json, at: Json, token: Json): Item {
  return start(run, { metadata: { branch: { of, at, token } } });
}

describe("figures", () => {
  it("tell rank and entropy, where there are alternatives", () => {
    expect([rankOf(FISH), rankOf(["fish", -1]), rankOf(["a", -9, "b", -1])]).toEqual([
      2,
      null,
      null,
    ]);
    // The quarter that is left counts as one more.
    expect(entropyOf(FISH)).toBeCloseTo(1.5);
    expect(entropyOf(["fish", -1])).toBeNull();
    expect(inWords(FISH)).toBe("25 % likely · rank 2 · entropy 1.5 bits");
    expect(inWords(["a", -9, "b", HALF])).toMatch(/^< 0.1 % likely · not among the first 1 · /);
  });

  it("are of the outermost runs, or of the models in those that have none", () => {
    const chain = start(0, { type: "chain" });
    const inside = [start(1, { parent: 0 }), said(1, FISH)];
    const { store } = storeOf(chain, ...inside);
    expect(oddsOfAll(store.state).perplexity).toBeCloseTo(4);
    expect(oddsOfAll(storeOf(start(), said(0, FISH, FISH)).store.state).entropy).toBeCloseTo(1.5);
    expect(oddsOfAll(storeOf(start()).store.state)).toEqual({});
  });
});

describe("a token", () => {
  it.each([
    ["logprob", [3, 4, 0, null]],
    ["rank", [1, 5, 0, null]],
    ["entropy", [3, 2, 0, null]],
  ] as const)("is coloured by %s", (heat, levels) => {
    const odd: Odds = ["a", Math.log(0.05), "b", HALF];
    const sure: Odds = ["c", 0, "c", 0];
    const plain = { kind: "chunks", at: 200, run: [0], gap: [0], text: ["d"] } as Item;
    const run = runOf(start(), said(0, FISH, odd, sure), plain);
    expect([0, 1, 2, 3].map((at) => levelOf(heat, run, at))).toEqual(levels);
    expect(legend(heat)).toHaveLength(6);
  });

  it("has bars for what else it might have been, the likeliest first", () => {
    const run = runOf(start(), likely(" odd", Math.log(0.1), " even", HALF, "\u202e", -3));
    const el = document.createElement("div");
    el.append(...told(run, 0));
    const rows = [...el.querySelectorAll(".nbs-odds-row")].map((row) => row.textContent);
    expect(rows).toEqual(["␣even50 %", "␣odd10 %", "U+202E5.0 %"]);
    expect(el.querySelector(".nbs-odds-own")?.textContent).toBe("␣odd");
    expect(bar("<b>", -1, false)[0]!.querySelector("b")).toBeNull();
    expect(visible("\n\t")).toBe("⏎⇥");
  });

  it("of a chain that ends in a parser has the odds of the model in it", () => {
    const { store } = storeOf(start(0, { type: "chain" }), start(1, { parent: 0 }), said(1, FISH));
    const passed = { kind: "chunks", at: 300, run: [0], gap: [0], text: ["fish"] } as Item;
    store.take(frame(3, passed));
    const [chain, other] = store.state.runs as [RunState, RunState];
    lend(store.state.runs);
    expect(oddsAt(chain, 0)).toEqual([FISH]);
    other.texts[0] = "cat";
    const changed = { ...chain };
    lend([changed, other]);
    expect(oddsAt(changed, 0)).toEqual([]);
  });
});

describe("the strip", () => {
  it("has a bar for each token, and of a long text for several", () => {
    const many = Array.from(
      { length: 1000 },
      (_, at): Odds => (at === 500 ? FISH : ["a", 0, "a", 0]),
    );
    const run = runOf(start(), said(0, ...many));
    expect(barsOf(run)).toHaveLength(240);
    expect(barsOf(run).filter((share) => share > 0.4)).toHaveLength(1);
  });

  it("goes where the keys go, and says what is there", () => {
    const seen: number[] = [];
    const strip = new Strip((index) => seen.push(index));
    strip.update(runOf(start(), said(0, ["a", 0, "a", 0], FISH, ["b", 0, "b", 0])));
    for (const key of ["ArrowRight", "ArrowRight", "ArrowRight", "ArrowLeft", "Home", "End"]) {
      expect(press(strip.el, key).defaultPrevented).toBe(true);
    }
    expect(press(strip.el, "a").defaultPrevented).toBe(false);
    expect(seen).toEqual([1, 2, 2, 1, 0, 2]);
    press(strip.el, "ArrowLeft");
    expect(strip.el.getAttribute("aria-valuetext")).toMatch(/^fish: 25 % likely/);
    expect(strip.el.getAttribute("aria-valuenow")).toBe("2");
  });
});

describe("the tree", () => {
  it("has each branch under the answer that it left", () => {
    const first = [start(), said(0, FISH, FISH), end()];
    const { store } = storeOf(...first, branchOf(1, "id-0", 1, "cat"), said(1, FISH, FISH));
    store.take(frame(7, branchOf(2, "id-1", 0, "cow"), branchOf(3, "id-0", 0, "ox"), start(4)));
    const nodes = treeOf(store.state.runs).map(({ at, depth, left }) => [at, depth, left?.token]);
    expect(nodes).toEqual([
      [0, 0, undefined],
      [1, 1, "cat"],
      [2, 2, "cow"],
      [3, 1, "ox"],
    ]);
  });

  it("takes whatever a file may say of branches", () => {
    const odd = [[], {}, "id-0", 1, "__proto__", "id-1", "id-2"];
    for (const of of odd) {
      const { store } = storeOf(branchOf(0, of as Json, "x", []), branchOf(1, "id-0", -1, 3));
      store.take(frame(2, said(1, FISH)));
      expect(treeOf(store.state.runs).length).toBeLessThan(3);
    }
  });
});

describe("in a view", () => {
  let log: Frame;

  beforeAll(() => {
    log = frame(0, start(), said(0, ["a", -0.1, "a", -0.1, "b", -2.4], FISH), end());
  });

  beforeEach(() => {
    // The module as it comes from Python, run here.
    Object.assign(globalThis, { nbstreamTested: module });
    const names = Object.keys(module).join(", ");
    vi.spyOn(URL, "createObjectURL").mockReturnValue(
      `data:text/javascript,export const { ${names} } = globalThis.nbstreamTested`,
    );
  });

  async function shown(traits = {}): Promise<HTMLElement> {
    const root = open(traits)();
    model.receive(log);
    await settle();
    provide(keyOf("odds"), "");
    await vi.waitFor(() => expect(root.querySelector(".nbs-odds-strip path[d^=M]")).not.toBeNull());
    model.sent = [];
    return root;
  }

  const chooser = (root: HTMLElement) => root.querySelector<HTMLElement>(".nbs-odds-chooser")!;
  const rows = (root: HTMLElement) => [...chooser(root).querySelectorAll("button")];

  it("asks for the module once there are odds, and offers their colours only then", async () => {
    const root = open()();
    const options = () =>
      [...root.querySelector<HTMLSelectElement>("[aria-label='Colour of tokens']")!.options].filter(
        ({ disabled }) => !disabled,
      );
    model.receive(frame(0, start(), { kind: "chunks", at: 1, run: [0], gap: [0], text: ["a"] }));
    await settle();
    expect(options().map(({ value }) => value)).toEqual(["none", "gap"]);
    expect(root.textContent).toContain("By probability: ask with top_logprobs=5");
    expect(model.sent).toEqual([]);
    model.receive(frame(2, said(0, FISH)));
    await vi.waitFor(() => expect(model.sent).toEqual([{ type: "module", name: "odds" }]));
    provide(keyOf("odds"), "");
    await vi.waitFor(() => expect(options()).toHaveLength(5));
  });

  it("colours tokens, also where Python has asked for that before any came", async () => {
    const root = await shown({ heat: "rank" });
    await settle();
    const heats = [...root.querySelectorAll<HTMLElement>(".nbs-token")].map(
      (one) => one.dataset.heat,
    );
    expect(heats).toEqual(["0", "1"]);
    choose(root, "Colour of tokens", "entropy");
    await settle();
    expect(text(root, ".nbs-legend")).toContain("bits");
  });

  it("has perplexity and entropy among the metrics", async () => {
    const root = await shown();
    root.querySelector<HTMLElement>(".nbs-figures-button")!.click();
    await settle();
    expect(text(root, ".nbs-figures")).toMatch(/Perplexity2\.10.*Entropy \(mean\)0\.99 bits/);
  });

  it("goes on from another token by the keys alone, and shows that branch", async () => {
    const root = await shown();
    const tokens = root.querySelector<HTMLElement>(".nbs-tokens")!;
    for (const key of ["ArrowRight", "ArrowRight", "Enter"]) press(tokens, key);
    expect(chooser(root).hidden).toBe(false);
    expect(model.sent).toEqual([{ type: "branches", run: "id-0" }]);
    expect(rows(root).map((row) => row.getAttribute("aria-disabled"))).toEqual(["true", "true"]);
    rows(root)[0]!.click();
    model.receive({ type: "branches", run: "id-0", why: "" });
    expect(document.activeElement).toBe(rows(root)[0]);
    rows(root)[1]!.click(); // the token itself
    expect(model.sent).toHaveLength(1);
    rows(root)[0]!.click();
    expect(model.sent[1]).toEqual({ type: "branch", run: "id-0", place: 1, part: 0, token: "cat" });
    expect(chooser(root).hidden).toBe(true);
    const cat: Odds = ["cat", HALF, "cat", HALF, "fish", Math.log(0.25)];
    model.receive(frame(4, branchOf(1, "id-0", 1, "cat"), said(1, ["a", -0.1], cat, FISH)));
    await vi.waitFor(() => expect(root.querySelectorAll(".nbs-odds-answer")).toHaveLength(2));
    await settle();
    const marks = [...root.querySelectorAll<HTMLElement>(".nbs-token")].map(
      ({ textContent, dataset }) => [textContent, dataset.branch],
    );
    expect(marks).toEqual([
      ["a", "shared"],
      ["cat", "chosen"],
      ["fish", undefined],
    ]);
    expect(text(root, ".nbs-odds-pick[aria-pressed=true]")).toBe("cat for fishfish");
    root.querySelector<HTMLElement>(".nbs-odds-pick")!.click();
    await settle();
    expect(text(root, ".nbs-tokens")).toBe("afish");
  });

  it("says why a model cannot go on, or that no kernel answers", async () => {
    const root = await shown();
    const tokens = root.querySelector<HTMLElement>(".nbs-tokens")!;
    tokens.focus();
    for (const key of ["ArrowRight", "Enter"]) press(tokens, key);
    model.receive({ type: "branches", run: "id-9", why: "of another run" });
    model.receive({ type: "branches", run: "id-0", why: "<b>It cannot.</b>" });
    expect(text(root, ".nbs-odds-note")).toBe("<b>It cannot.</b>");
    rows(root)[1]!.click();
    expect(model.sent).toHaveLength(1);
    press(rows(root)[0]!, "Escape");
    expect(chooser(root).hidden).toBe(true);
    expect(document.activeElement).toBe(tokens);
    vi.useFakeTimers();
    press(tokens, "Enter");
    vi.advanceTimersByTime(3000);
    vi.useRealTimers();
    expect(text(root, ".nbs-odds-note")).toMatch(/run this with a kernel: none answers/);
  });

  it("lets a click choose, unless it has selected text", async () => {
    const root = await shown();
    const token = root.querySelector<HTMLElement>(".nbs-token")!;
    const selection = vi.spyOn(document, "getSelection");
    selection.mockReturnValue({ isCollapsed: false } as Selection);
    token.click();
    expect(chooser(root).hidden).toBe(true);
    selection.mockReturnValue({ isCollapsed: true } as Selection);
    token.click();
    expect(chooser(root).hidden).toBe(false);
  });
});

import { describe, expect, it, vi } from "vitest";
import { differences } from "../src/compare/differences";
import compare from "../src/index_compare";
import type { Traits } from "../src/protocol";
import { chunks, end, frame, press, settle, start } from "./helpers";
import { button, model, open, text } from "./page";

const HOSTILE = '<img src=x onerror="window.hacked=1">';

function log(...columns: [name: string, ...items: Parameters<typeof frame>[1][]][]) {
  const made = columns.map(([name, ...items]) => ({ name, frames: [frame(0, ...items)] }));
  return { type: "compare", columns: made } as unknown as Traits["_log"];
}

const DONE = end({ message: { usage_metadata: { input_tokens: 1, output_tokens: 2 } } });

async function show(columns: Parameters<typeof log>, traits: Partial<Traits> = {}) {
  const root = open(
    { ...traits, _kind: "compare", _log: log(...columns) },
    true,
    compare as never,
  )();
  await settle();
  return root;
}

function column(root: HTMLElement, at: number): HTMLElement {
  return root.querySelector<HTMLElement>(`.nbs-columns > :nth-child(${at + 1})`)!;
}

function tokens(root: HTMLElement): (string | null)[] {
  return [...root.querySelectorAll(".nbs-columns > section")].map(
    (one) => one.querySelector(".nbs-tokens")!.textContent,
  );
}

function race(root: HTMLElement): string[][] {
  return [...root.querySelectorAll(".nbs-race tr")].map((row) =>
    [...row.querySelectorAll<HTMLElement>("th, td:not(.nbs-race-track)")]
      .filter((cell) => !cell.hidden)
      .map((cell) => cell.textContent!.trim() + (cell.classList.contains("nbs-best") ? " *" : "")),
  );
}

async function choose(root: HTMLElement, value: string): Promise<void> {
  const select = root.querySelector<HTMLSelectElement>("select[aria-label='Mark differences']")!;
  select.value = value;
  select.dispatchEvent(new Event("change"));
  await settle();
}

describe("columns", () => {
  it("grow at the same time, each by its own frames", async () => {
    const root = await show([
      ["small", start()],
      ["large", start()],
    ]);
    model.receive({ ...frame(1, chunks("Bl", "ub")), column: 0 } as never);
    model.receive({ ...frame(1, chunks("Glug")), column: 1 } as never);
    await settle();
    expect(tokens(root)).toEqual(["Blub", "Glug"]);
    expect(text(root, ".nbs-word")).toBe("2 streaming");
    model.receive({ ...frame(3, end()), column: 0 } as never);
    await settle();
    expect(text(root, ".nbs-word")).toBe("1 done, 1 streaming");
  });

  it("that fail leave the others alone", async () => {
    const error = { type: "ProviderError", message: HOSTILE };
    const root = await show([
      ["a", start(), chunks("Blub"), end({ kind: "error", error })],
      ["b", start(), chunks("Glug"), end()],
    ]);
    expect(text(column(root, 0), ".nbs-error")).toContain(HOSTILE);
    expect(column(root, 1).querySelector<HTMLElement>(".nbs-error")!.hidden).toBe(true);
    expect(text(root, ".nbs-word")).toBe("1 failed, 1 done");
  });

  it("have names that are text, and come later, too", async () => {
    const root = await show([[HOSTILE, start()]]);
    const columns = (log([HOSTILE], ["b", start(), chunks("Hi")]) as { columns?: unknown }).columns;
    model.receive({ type: "columns", columns } as never);
    await settle();
    expect(root.querySelector("img")).toBeNull();
    expect(column(root, 0).getAttribute("aria-label")).toBe(HOSTILE);
    expect(tokens(root)).toEqual(["", "Hi"]);
    expect(race(root)).toHaveLength(3);
  });

  it("that are lost say so", async () => {
    const root = await show([["a", start(), chunks("Hi")]]);
    model.emit("comm_live_update");
    await settle();
    expect(text(root, ".nbs-word")).toBe("1 gone");
  });
});

describe("the race", () => {
  it("has what is known of each, and marks the best of those that came to their end", async () => {
    const late = { ...chunks("Gl", "ug"), at: 200 };
    const root = await show([
      ["a", start(), chunks("Bl", "ub"), end()],
      ["b", start(), late as never, end({ at: 500 })],
      ["c", start(), end({ at: 1, kind: "cancelled" })],
    ]);
    expect(race(root)).toEqual([
      ["Column", "", "First token", "Rate", "End"],
      ["a Done", "10 ms *", "100 chunks/s", "30 ms *"],
      ["b Done", "20 ms", "100 chunks/s", "50 ms"],
      ["c Stopped", "", "", "0 ms"],
    ]);
  });

  it("has the cost by the reader's price", async () => {
    const root = await show(
      [
        ["a", start(), chunks("x"), DONE],
        ["b", start(), chunks("y"), DONE],
      ],
      { price: { input: 1, output: 2 } },
    );
    expect(race(root)[0]).toContain("Cost");
    expect(race(root)[1]).toContain("cost 0.000005");
  });
});

describe("what is done with all", () => {
  const RUNNING: Parameters<typeof log> = [
    ["a", start(), chunks("Bl", "ub")],
    ["b", start(), chunks("Glug")],
  ];
  const OVER: Parameters<typeof log> = [
    ["a", start(), chunks("Bl", "ub"), end()],
    ["b", start(), chunks("Glug"), end()],
  ];

  it("stops all, or one", async () => {
    const root = await show(RUNNING);
    button(column(root, 1), "Stop").click();
    button(root, "Stop all").click();
    await settle();
    const sent = model.sent.filter((one) => (one as { type: string }).type === "stop");
    expect(sent).toEqual([{ type: "stop", column: 1 }, { type: "stop" }]);
    expect(text(root, ".nbs-word")).toBe("2 stopping");
    expect(button(root, "Stop all").disabled).toBe(true);
  });

  it("plays all again on one clock", async () => {
    const root = await show(OVER);
    button(root, "Play all again").click();
    await settle();
    const bar = root.querySelector<HTMLElement>(":scope > .nbs-replay")!;
    expect(bar.contains(document.activeElement)).toBe(true);
    const range = bar.querySelector("input")!;
    range.value = "400"; // of 30 ms, 12
    range.dispatchEvent(new Event("input"));
    await settle();
    expect(tokens(root)).toEqual(["Bl", "Glug"]);
    button(bar, "Close replay").click();
    await settle();
    expect(tokens(root)).toEqual(["Blub", "Glug"]);
    expect(document.activeElement).toBe(button(root, "Play all again"));
  });

  it("takes one, where there is something to take it for", async () => {
    const root = await show(OVER);
    expect(root.querySelector<HTMLElement>(".nbs-take")!.hidden).toBe(true);
    model.set("_taken", 0);
    await settle();
    const takes = () => [...root.querySelectorAll<HTMLButtonElement>(".nbs-take")];
    expect(takes().map((one) => one.textContent)).toEqual(["Taken", "Take this one"]);
    takes()[1]!.click();
    expect(model.sent).toContainEqual({ type: "take", column: 1 });
  });
});

describe("differences", () => {
  it("are marked word by word against the chosen column", async () => {
    const root = await show([
      ["a", start(), chunks("one two ", "three"), end()],
      ["b", start(), chunks(`one ${HOSTILE} three`), end()],
    ]);
    await choose(root, "0");
    const marked = column(root, 1).querySelector(".nbs-diff-text")!;
    expect(marked.querySelector("img")).toBeNull();
    const words = (tag: string) => [...marked.querySelectorAll(tag)].map((one) => one.textContent);
    expect(words("del").join("")).toContain("two");
    expect(words("ins").join("")).toContain("onerror");
    expect(words("span, ins").join("")).toBe(`one ${HOSTILE} three`);
    expect(column(root, 0).querySelector("ins, del")).toBeNull();
    await choose(root, "");
    expect(column(root, 1).querySelector<HTMLElement>(".nbs-diff")!.hidden).toBe(true);
    expect(tokens(root)[1]).toContain("three");
  });

  it("follow what comes", async () => {
    const root = await show([
      ["a", start(), chunks("one")],
      ["b", start(), chunks("one")],
    ]);
    await choose(root, "0");
    model.receive({ ...frame(2, chunks(" more")), column: 1 } as never);
    await vi.waitFor(() => expect(text(column(root, 1), "ins")).toContain("more"));
  });

  it("never change the text that came", () => {
    const words = ["a", "b", " ", "  ", "\n", "\n\n", "。", "猫", "é", "👩‍🚀", ".", "<b>"];
    let seed = 7;
    const next = () => (seed = (seed * 16807) % 2147483647);
    const make = () =>
      Array.from({ length: next() % 12 }, () => words[next() % words.length]).join("");
    for (let i = 0; i < 2000; i++) {
      const [base, text] = [make(), make()];
      const found = differences(base, text);
      if (!found) continue;
      expect(found.map((one) => (one.kind === "less" ? "" : one.text)).join("")).toBe(text);
    }
  });

  it("say nothing where that would take too long", () => {
    const far = (word: string) => Array.from({ length: 20_000 }, (_, i) => `${word}${i}`).join(" ");
    expect(differences(far("a"), far("b"), 1)).toBeNull();
  });
});

describe("scrolling together", () => {
  it("takes the others as far, and only when it is on", async () => {
    const root = await show([
      ["a", start(), chunks("one"), end()],
      ["b", start(), chunks("two"), end()],
    ]);
    const views = [0, 1].map((i) => column(root, i).querySelector<HTMLElement>(".nbs-tokens")!);
    for (const el of views) {
      const size = (value: number) => ({ get: () => value });
      Object.defineProperties(el, { clientHeight: size(100), scrollHeight: size(300) });
    }
    const scroll = (el: HTMLElement, top: number) => {
      press(el, "PageUp");
      el.scrollTop = top;
      el.dispatchEvent(new Event("scroll"));
    };
    scroll(views[0]!, 100);
    expect(views[1]!.scrollTop).not.toBe(100);
    button(root, "Scroll").click();
    scroll(views[0]!, 60);
    expect(views[1]!.scrollTop).toBe(60);
    views[1]!.dispatchEvent(new Event("scroll")); // which that caused
    expect(views[0]!.scrollTop).toBe(60);
  });
});

import { beforeEach, describe, expect, it } from "vitest";
import type { Item } from "../src/protocol";
import { EventsView } from "../src/views/events";
import { chunks, end, press, start, storeOf } from "./helpers";

const CHAIN: Item[] = [
  start(0, { type: "chain", name: "Chain", tags: ["outer"] }),
  start(1, { parent: 0, name: "Prompt", type: "prompt" }),
  { kind: "chunks", at: 5, run: [1], gap: [0], text: ["whole"] },
  { kind: "end", at: 10, run: 1, output: { secret: "needle" } },
  chunks("Here", " is", " a <b>"),
  { kind: "custom", at: 250, run: 0, name: "halfway", data: { done: 0.5 } },
  end(),
];

function shown(...items: Item[]) {
  const { store } = storeOf(...items);
  const view = new EventsView(store);
  document.body.replaceChildren(view.tools, view.el);
  const list = view.el.querySelector<HTMLElement>(".nbs-list")!;
  Object.defineProperty(list, "clientHeight", { value: 240 });
  const update = () => {
    while (view.follow(view.update()));
  };
  store.subscribe(update, new AbortController().signal);
  update();
  const rows = () => [...view.el.querySelectorAll<HTMLElement>(".nbs-event")];
  const names = () => rows().map((row) => row.querySelector(".nbs-event-name")?.textContent);
  const set = (label: string, value: string) => {
    const input = view.tools.querySelector<HTMLSelectElement>(`[aria-label="${label}"]`)!;
    input.value = value;
    input.dispatchEvent(new Event(input.tagName === "SELECT" ? "change" : "input"));
  };
  const json = () => JSON.parse(view.el.querySelector(".nbs-json")!.textContent!);
  return { view, store, list, rows, names, set, update, json };
}

beforeEach(() => document.body.replaceChildren());

describe("EventsView", () => {
  it("lists what happened, without what a version does not have", () => {
    const { names, set } = shown(...CHAIN);
    const v2 = names();
    expect(v2).toEqual([
      ...["on_chain_start", "on_prompt_start", "on_prompt_end"],
      ...["on_chain_stream", "on_chain_stream", "on_chain_stream"],
      ...["on_custom_event", "on_chain_end"],
    ]);
    set("Version of the events", "v1");
    expect(names()).toEqual(v2.filter((name) => name !== "on_custom_event"));
  });

  it("shows the selected one as its dict", () => {
    const { rows, json, set, view } = shown(...CHAIN);
    rows()[3]!.click();
    expect(json()).toEqual({
      event: "on_chain_stream",
      run_id: "id-0",
      name: "Chain",
      tags: ["outer"],
      metadata: {},
      data: { chunk: "Here" },
      parent_ids: [],
    });
    set("Version of the events", "v1");
    expect(json()).not.toHaveProperty("parent_ids");
    rows()[3]!.click();
    expect(view.el.querySelector<HTMLElement>(".nbs-detail")!.hidden).toBe(true);
  });

  it.each([
    ["Kind of event", "end", ["on_prompt_end", "on_chain_end"]],
    ["Name", "Prompt", ["on_prompt_start", "on_prompt_end"]],
    ["Tag", "outer", 6],
    ["Find text in the events", "NEEDLE", ["on_prompt_end"]],
    ["Find text in the events", "here", ["on_chain_stream"]],
    ["Find text in the events", "custom", ["on_custom_event"]],
  ])("is narrowed by %s %s", (label, value, expected) => {
    const { names, set } = shown(...CHAIN);
    set(label, value);
    if (typeof expected === "number") expect(names()).toHaveLength(expected);
    else expect(names()).toEqual(expected);
  });

  it("is narrowed to the selected run and those inside it", () => {
    const { names, store, update } = shown(...CHAIN);
    store.setup.selected = 1;
    update();
    expect(names()).toEqual(["on_prompt_start", "on_prompt_end"]);
    store.setup.selected = 0;
    update();
    expect(names()).toHaveLength(8);
  });

  it("draws a window of a hundred thousand, and goes anywhere in them", () => {
    const texts = Array.from({ length: 100_000 }, (_, i) => `t${i}`);
    const { rows, list, view, json } = shown(start(), chunks(...texts));
    expect(view.el.querySelectorAll(".nbs-event").length).toBeLessThan(60);
    expect(view.el.querySelector<HTMLElement>(".nbs-space")!.style.height).toBe("2400024px");
    list.scrollTop = 24 * 50_000;
    list.dispatchEvent(new Event("scroll"));
    expect(rows().map((row) => row.dataset.seq)).toContain("50000");
    list.scrollTop = 0;
    list.dispatchEvent(new Event("scroll"));
    for (const key of ["Home", "ArrowDown", "ArrowDown"]) press(list, key);
    expect(json().data.chunk).toEqual({ type: "AIMessageChunk", content: "t1" });
    press(list, "End");
    expect(json().data.chunk.content).toBe("t99999");
    expect(list.getAttribute("aria-activedescendant")).toMatch(/-100000$/);
    press(list, "PageUp");
    expect(json().data.chunk.content).toBe("t99990");
    press(list, "Escape");
    expect(view.el.querySelector<HTMLElement>(".nbs-detail")!.hidden).toBe(true);
  });

  it("goes anywhere in more than a browser's tallest element holds", () => {
    const zeros = new Array<number>(600_000).fill(0);
    const text = zeros.map(() => "x");
    const item: Item = { kind: "chunks", at: 0, run: zeros, gap: zeros, text };
    const { rows, list, view } = shown(start(), item);
    const height = Number.parseInt(
      view.el.querySelector<HTMLElement>(".nbs-space")!.style.height,
      10,
    );
    expect(height).toBe(8_000_000);
    list.scrollTop = height - 240;
    list.dispatchEvent(new Event("scroll"));
    expect(rows().at(-1)!.dataset.seq).toBe("600000");
  });

  it("shows no more than had come at the time of a replay", () => {
    const { names, store, update } = shown(...CHAIN);
    store.replay.seek(10);
    update();
    expect(names()).toHaveLength(4);
    store.replay.leave();
    update();
    expect(names()).toHaveLength(8);
  });

  it("takes everything as text", () => {
    const { view, rows } = shown(start(0, { name: "<img>" }), chunks("<script>"), end());
    rows()[1]!.click();
    expect(view.el.querySelector("img, script")).toBeNull();
  });
});

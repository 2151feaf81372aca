import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { setup } from "../src/setup";
import { heatOf } from "../src/views/token_style";
import { BATCH, DRAWN_MAX, TokensView } from "../src/views/tokens";
import { call, chunks, end, frame, runOf, start, storeOf, thought } from "./helpers";

function shownAll(...texts: string[]): TokensView {
  const view = new TokensView(setup());
  const run = runOf(start(), chunks(...texts));
  while (view.follow(view.update(run)));
  return view;
}

const many = (count: number, text = "x") => Array.from({ length: count }, () => text);

describe("TokensView", () => {
  it("shows each chunk in an element of its own, and the text is the text", () => {
    const view = shownAll("Here", " is", "\n", "a");
    expect(view.el.querySelectorAll(".nbs-token")).toHaveLength(4);
    expect(view.el.textContent).toBe("Here is\na");
  });

  it("adds only what is new, a batch at a time", () => {
    const view = new TokensView(setup());
    const run = runOf(start(), chunks(...many(2 * BATCH)));
    const first = () => view.el.querySelector(".nbs-token");
    expect(view.update(run)).toBe(true);
    expect(view.shown).toBeGreaterThan(100);
    const before = first();
    for (let shown = view.shown; view.update(run); shown = view.shown) {
      expect(view.shown - shown).toBeLessThanOrEqual(BATCH);
    }
    expect(view.shown).toBe(2 * BATCH);
    expect(first()).toBe(before);
  });

  it("ends a block where a line ends", () => {
    const texts = Array.from({ length: 1000 }, (_, i) => (i % 10 === 9 ? "\n" : "x"));
    const view = shownAll(...texts);
    const blocks = [...view.el.querySelectorAll(".nbs-block")];
    expect(blocks.length).toBeGreaterThan(2);
    for (const block of blocks) expect(block.textContent?.endsWith("\n")).toBe(true);
    expect(view.el.textContent).toBe(texts.join(""));
    for (const i of [0, 299, 300, 301, 999]) expect(view.indexOf(view.tokenAt(i)!)).toBe(i);
    expect(view.tokenAt(1000)).toBeNull();
  });

  it("bounds a block that has no line end", () => {
    expect(shownAll(...many(7000)).el.querySelectorAll(".nbs-block").length).toBe(3);
  });

  it("takes what a model says as text", () => {
    const hostile = ["<script>", "alert(1)", "</script>", "<img src=x onerror=alert(1)>"];
    const view = shownAll(...hostile);
    expect(view.el.querySelector("script, img")).toBeNull();
    expect(view.el.textContent).toBe(hostile.join(""));
  });

  it("shows the text as it was, and again as it is", () => {
    const texts = Array.from({ length: 900 }, (_, i) => (i % 9 === 8 ? "\n" : String(i)));
    const { store } = storeOf(start(), chunks(...texts), end({ at: 99_999 }));
    const view = new TokensView(setup());
    while (view.follow(view.update(store.run)));
    const first = view.tokenAt(0);
    for (const count of [650, 300, 299, 1, 0, 400, 900]) {
      store.replay.seek(10 * count + 5);
      while (view.follow(view.update(store.run)));
      expect(view.el.textContent).toBe(texts.slice(0, count).join(""));
      expect(view.shown).toBe(count);
      expect(view.el.querySelectorAll(".nbs-block:empty")).toHaveLength(0);
    }
    expect(view.tokenAt(0)).not.toBe(first); // it went, at 0
  });

  it("draws anew for another run", () => {
    const view = shownAll("a", "b");
    const other = runOf(start(0, { id: "other" }), chunks("c"));
    while (view.follow(view.update(other)));
    expect(view.el.textContent).toBe("c");
  });

  it("makes whitespace and what cannot be seen visible, and leaves the text as it is", () => {
    const view = new TokensView(setup());
    const run = runOf(start(), chunks("a b", "\t\n", "\u200b\u202e\u00a0x", "é"));
    view.restyle({ whitespace: true, heat: "none" });
    while (view.follow(view.update(run)));
    const signs = [...view.el.querySelectorAll<HTMLElement>(".nbs-sign")];
    expect(signs.map((sign) => sign.dataset.sign)).toEqual([
      ...["·", "→", "⏎", "U+200B", "U+202E", "U+00A0"],
    ]);
    expect(view.el.textContent).toBe("a b\t\n\u200b\u202e\u00a0xé");
    view.restyle({ whitespace: false, heat: "none" });
    while (view.follow(view.update(run)));
    expect(view.el.querySelector(".nbs-sign")).toBeNull();
  });

  it("colours by the wait", () => {
    const late = { kind: "chunks", at: 3000, run: [0], gap: [0], text: ["late"] } as const;
    const { store } = storeOf(start(), chunks("a", "b"), late as never);
    const run = store.run!;
    expect([0, 1, 2].map((i) => heatOf("gap", run, i))).toEqual([0, 0, 4]);
    const view = new TokensView(setup());
    view.restyle({ whitespace: false, heat: "gap" });
    while (view.follow(view.update(run)));
    expect(view.tokenAt(2)?.dataset.heat).toBe("4");
    // What nobody can tell has no colour.
    view.restyle({ whitespace: false, heat: "logprob" });
    while (view.follow(view.update(run)));
    expect(view.tokenAt(2)?.dataset.heat).toBeUndefined();
  });
});

describe("thinking and tool calls", () => {
  it("stand where they came, and build up", () => {
    const { store } = storeOf(start(), thought("Let "));
    const view = new TokensView(setup());
    const details = () => [...view.el.querySelectorAll("details")];
    const words = () => details().map((el) => el.textContent);
    while (view.follow(view.update(store.run)));
    expect(words()).toEqual(["Thinking…4 charactersLet "]);
    expect(details()[0]?.open).toBe(true);
    store.take(frame(2, thought("me see."), chunks("I add."), call("", "add")));
    while (view.follow(view.update(store.run)));
    expect(details()[0]?.open).toBe(false);
    store.take(frame(5, call('{"a":'), call(" 1}"), chunks("So"), end({ at: 500 })));
    while (view.follow(view.update(store.run)));
    expect(words()).toEqual(["Thought11 charactersLet me see.", 'Callsadd8 characters{"a": 1}']);
    expect(details()[1]?.open).toBe(true);
    const order = [...view.el.children].map((el) => el.className.split(" ").at(-1));
    expect(order).toEqual(["nbs-thinking", "nbs-block", "nbs-call", "nbs-block"]);
    expect(view.indexOf(view.tokenAt(1)!)).toBe(1);
  });

  it("stay as the reader left them", () => {
    const { store } = storeOf(start(), thought("a"));
    const view = new TokensView(setup());
    while (view.follow(view.update(store.run)));
    const details = view.el.querySelector("details")!;
    details.querySelector("summary")!.click();
    details.open = true;
    store.take(frame(2, chunks("text"), end()));
    while (view.follow(view.update(store.run)));
    expect(details.open).toBe(true);
  });

  it("are text, whatever they hold", () => {
    const view = new TokensView(setup());
    const hostile = "<img src=x onerror=alert(1)>";
    while (view.follow(view.update(runOf(start(), thought(hostile), call(hostile, hostile)))));
    expect(view.el.querySelector("img")).toBeNull();
  });

  it("go when a replay is before them", () => {
    const late = { ...thought("late"), at: 900 } as never;
    const { store } = storeOf(start(), chunks("a"), late, end({ at: 1000 }));
    const view = new TokensView(setup());
    while (view.follow(view.update(store.run)));
    store.replay.seek(50);
    while (view.follow(view.update(store.run)));
    expect(view.el.querySelector("details")).toBeNull();
    store.replay.seek(95);
    while (view.follow(view.update(store.run)));
    expect(view.el.querySelectorAll("details")).toHaveLength(1);
  });
});

describe("A browser that tells what is in sight", () => {
  const LINES = Array.from({ length: 9000 }, (_, i) => (i % 10 === 9 ? "x\n" : "x "));

  beforeEach(() => {
    vi.useFakeTimers();
    Object.assign(HTMLElement.prototype, { oncontentvisibilityautostatechange: null });
  });

  afterEach(() => {
    Reflect.deleteProperty(HTMLElement.prototype, "oncontentvisibilityautostatechange");
    vi.useRealTimers();
  });

  const drawn = (el: Element) => el.querySelectorAll(".nbs-token").length;

  function tell(block: Element, skipped: boolean): void {
    const event = new Event("contentvisibilityautostatechange", { bubbles: true });
    block.dispatchEvent(Object.assign(event, { skipped }));
  }

  function burst() {
    const settled = vi.fn();
    const view = new TokensView(setup(), settled);
    const run = runOf(start(), chunks(...LINES));
    view.update(run);
    return { view, run, settled, blocks: [...view.el.children] };
  }

  it("lets a burst pass by as text, and then draws what is in sight", () => {
    const { view, blocks, settled } = burst();
    expect([view.shown, view.el.textContent]).toEqual([LINES.length, LINES.join("")]);
    expect(blocks.length).toBeGreaterThan(50);
    tell(blocks[3]!, false);
    tell(blocks.at(-1)!, false);
    tell(blocks[3]!, true);
    expect(drawn(view.el)).toBe(0);
    vi.advanceTimersByTime(200);
    expect([drawn(view.el), drawn(blocks.at(-1)!)]).toEqual([150, 150]);
    expect(settled).toHaveBeenCalledOnce();
    tell(blocks[3]!, false);
    expect(drawn(blocks[3]!)).toBe(150);
    expect(view.el.textContent).toBe(LINES.join(""));
  });

  it("draws each chunk of a stream that can be followed", () => {
    const view = new TokensView(setup());
    view.update(runOf(start(), chunks(...LINES.slice(0, 300))));
    expect(drawn(view.el)).toBe(300);
  });

  it("keeps no more drawn than it has to", () => {
    const view = new TokensView(setup());
    while (view.follow(view.update(runOf(start(), chunks(...LINES, ...LINES, ...LINES)))));
    vi.advanceTimersByTime(200);
    const blocks = [...view.el.children];
    for (const block of blocks.slice(20)) tell(block, false);
    expect(drawn(view.el)).toBe(3 * LINES.length - 20 * 150); // all of it in sight
    for (const block of blocks.slice(20)) tell(block, true);
    for (const block of blocks.slice(0, 20)) tell(block, false);
    expect(drawn(view.el)).toBeLessThanOrEqual(DRAWN_MAX + 20 * 150);
    expect(drawn(blocks[0]!)).toBe(150);
    expect(view.el.textContent).toBe(LINES.join("").repeat(3));
  });

  it("gives the keys the chunk they go to", () => {
    const { view } = burst();
    const token = view.tokenAt(4321)!;
    expect([token.textContent, view.indexOf(token)]).toEqual(["x ", 4321]);
    expect(view.indexOf(view.el.lastElementChild!)).toBe(null);
  });

  it("draws nothing while the reader flies past", () => {
    const { view, blocks } = burst();
    vi.advanceTimersByTime(200);
    Object.defineProperty(view.el, "clientHeight", { value: 400 });
    view.el.scrollTop = 5000;
    view.el.dispatchEvent(new Event("scroll"));
    tell(blocks[5]!, false);
    expect(drawn(view.el)).toBe(0);
    vi.advanceTimersByTime(200);
    expect(drawn(blocks[5]!)).toBe(150);
    view.el.scrollTop = 5100;
    view.el.dispatchEvent(new Event("scroll"));
    tell(blocks[6]!, false);
    expect(drawn(blocks[6]!)).toBe(150);
  });

  it("cuts a text where a replay goes back to", () => {
    const { view, run } = burst();
    const part = { ...run, texts: LINES.slice(0, 1234), times: run.times.slice(0, 1234) };
    view.update(part);
    expect([view.shown, view.el.textContent]).toEqual([1234, part.texts.join("")]);
    view.update(run);
    expect(view.el.textContent).toBe(LINES.join(""));
  });
});

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { clock } from "../src/batch/header";
import { Lines, type Wanted } from "../src/batch/lines";
import { binned, quantile } from "../src/batch/plots";
import type { BatchFrame } from "../src/batch/protocol";
import { createBatch } from "../src/index_batch";
import { chunks, end, frame, press, settle, start } from "./helpers";

const FIXTURE = join(import.meta.dirname, "../../tests/fixtures/batch.json");
const golden = JSON.parse(readFileSync(FIXTURE, "utf8"));
const WANTED: Wanted = { sort: "index", isDescending: false, status: null, kind: null, search: "" };

function taken(...frames: object[]): Lines {
  const lines = new Lines();
  for (const one of frames) lines.take(one as BatchFrame);
  return lines;
}

/** A frame of some lines, each with what is said of it. */
function rows(
  ...lines: {
    status?: number;
    input?: string;
    text?: string;
    kind?: string;
    [name: string]: unknown;
  }[]
) {
  const index = lines.map((_, i) => i);
  const texts = index.filter((i) => lines[i]!.text);
  const failed = index.filter((i) => lines[i]!.kind);
  const column = (name: string) => lines.map((line) => line[name] ?? null);
  return {
    type: "batch",
    since: 0,
    version: 1,
    state: "running",
    note: "",
    index,
    status: lines.map(({ status }) => status ?? 2),
    columns: Object.fromEntries(
      ["started", "first", "ended", "tokens", "rate", "cost", "tries"].map((name) => [
        name,
        column(name),
      ]),
    ),
    inputs: { index, text: lines.map(({ input }) => input ?? "") },
    texts: {
      index: texts,
      at: texts.map(() => 0),
      to: texts.map((i) => lines[i]!.text!.length),
      text: texts.map((i) => lines[i]!.text),
    },
    errors: {
      index: failed,
      kind: failed.map((i) => lines[i]!.kind),
      message: failed.map(() => "no"),
    },
    metrics: { total: lines.length, elapsed: 2, tokens: 3 },
  };
}

describe("the lines", () => {
  it.each([
    ["frame by frame", golden.frames],
    ["at once", [golden.whole]],
  ])("add up to the fixture's, %s", (_, frames) => {
    const lines = taken(...frames);
    expect(lines.status.map((_, i) => lines.statusOf(i))).toEqual(golden.statuses);
    expect(lines.heads).toEqual(golden.heads);
    expect(lines.lengths).toEqual(golden.lengths);
    expect(lines.tails[1]!.endsWith(golden.tail)).toBe(true);
    expect(lines.inputs[3]).toBe("[سمك](javascript:alert(1))");
    expect([...lines.kinds]).toEqual([]); // run again, it has not failed any more
    expect([lines.state, lines.note]).toEqual(["stopped", "The budget is used up."]);
    expect(lines.took(0)).toBe(1);
  });

  it("say what is missing, and skip what is known", () => {
    const [first, second, third] = golden.frames;
    const lines = taken(first);
    expect(lines.take(third)).toBe(false);
    expect(lines.version).toBe(1);
    lines.take(second);
    lines.take(third);
    expect([lines.kinds.get(2), lines.messages.get(2)]).toEqual(["ProviderError 529", "busy: …"]);
    expect(lines.shown(2)).toBe("ProviderError 529: busy: …");
    expect(lines.take(second)).toBe(true);
    expect(lines.heads[0]).toBe("Blub 🐟, blub.");
  });

  it("go into a saved notebook and out of it as they were", () => {
    const lines = taken(...golden.frames);
    const again = taken(JSON.parse(JSON.stringify(lines.frame())));
    expect(again.frame()).toEqual(lines.frame());
    expect(again.heads).toEqual(golden.heads);
  });

  it.each([
    [{ index: "no", status: 3 }],
    [{ index: [-1, 5, null, "0", 1e99], status: [1, 99, -1] }],
    [{ index: [0], status: [99], columns: { started: ["x"], tokens: [{}] } }],
    [{ texts: { index: [0, 7], at: ["x"], to: [-5], text: [1] }, inputs: [] }],
    [{ errors: { index: [0, 9], kind: [], message: 3 }, metrics: { total: "x", wrong: 1 } }],
    [{ state: "wrong", since: "a", version: null, note: 7 }],
  ])("take what is none without harm: %j", (broken) => {
    const lines = taken({ ...golden.frames[0], ...broken });
    expect(lines.length).toBeLessThanOrEqual(4);
    expect(lines.order(WANTED).length).toBe(lines.length);
    expect(lines.state).toMatch(/waiting|running/);
  });

  it("are sorted, narrowed down and searched", () => {
    const lines = taken(
      rows(
        { input: "cat", text: "Miau", tokens: 5, started: 0, first: 1, ended: 4 },
        {
          input: "fish",
          text: "Blub",
          tokens: 9,
          started: 0,
          first: 3,
          ended: 5,
          status: 3,
          kind: "E 1",
        },
        { input: "dog", text: "Wuff", status: 1, tokens: 7, started: 0 },
        { input: "owl", status: 0 },
      ),
    );
    const order = (wanted: Partial<Wanted>) => lines.order({ ...WANTED, ...wanted });
    expect(order({})).toEqual([0, 1, 2, 3]);
    expect(order({ sort: "status" })).toEqual([1, 2, 3, 0]);
    expect(order({ sort: "tokens", isDescending: true })).toEqual([1, 2, 0, 3]);
    expect(order({ sort: "tokens" })).toEqual([0, 2, 1, 3]);
    expect(order({ sort: "first" })).toEqual([0, 1, 2, 3]);
    expect(order({ sort: "took", isDescending: true })).toEqual([1, 0, 2, 3]);
    expect(order({ sort: "input" })).toEqual([0, 2, 1, 3]);
    expect(order({ status: "running" })).toEqual([2]);
    expect(order({ kind: "E 1" })).toEqual([1]);
    expect(order({ search: "MIAU " })).toEqual([0]);
    expect(order({ search: "e 1" })).toEqual([1]);
    expect(lines.failures()).toEqual([["E 1", 1]]);
  });
});

describe("a plot", () => {
  it("has its middle, its end, and all values in its bars", () => {
    const values = Array.from({ length: 100 }, (_, i) => i);
    expect([quantile(values, 0.5), quantile(values, 0.95), quantile([], 0.5)]).toEqual([50, 95, 0]);
    expect(binned([...values, 1e9]).reduce((a, b) => a + b)).toBe(101);
    expect(binned([1, 1, 1]).filter(Boolean)).toEqual([3]);
  });

  it("says times as a clock does", () => {
    expect([3.4, 75, 3675].map(clock)).toEqual(["3 s", "1:15", "1:01:15"]);
  });
});

describe("the view", () => {
  let leave: AbortController;
  let asked: { type: string; line?: number }[];
  let made: ReturnType<typeof createBatch>;
  let root: HTMLElement;
  const HOSTILE = '<img src=x onerror="window.hacked=1"><b>b</b>';

  function open(log: object, height = 260) {
    asked = [];
    leave = new AbortController();
    const traits: Record<string, unknown> = {
      view: "tokens",
      delimiter: "|",
      borders: "delimiter",
      heat: "none",
      price: {},
      max_height: "30em",
      _interrupt: "",
    };
    const model = { get: (name: string) => traits[name], on: () => {}, off: () => {} };
    const ask = (message: object) => void asked.push(message as never);
    made = createBatch(model as never, ask);
    made.open({ type: "batch", frame: log });
    const el = document.createElement("div");
    document.body.append(el);
    made.draw(el, leave.signal);
    root = el.querySelector<HTMLElement>(".nbs-batch")!;
    Object.defineProperty(table(), "clientHeight", { value: height });
    return settle();
  }

  const table = () => root.querySelector<HTMLElement>("[role=grid]")!;
  const lines = () => [...root.querySelectorAll<HTMLElement>(".nbs-b-rows [role=row]")];
  const cells = (name: string) =>
    lines().map((row) => row.querySelector(`[data-column=${name}]`)!.textContent);
  const named = (word: string) =>
    [...root.querySelectorAll<HTMLButtonElement>("button")].find(
      (one) => !one.hidden && one.textContent!.startsWith(word),
    )!;
  const detail = () => root.querySelector<HTMLElement>(".nbs-b-detail")!;
  const many = (count: number) =>
    rows(...Array.from({ length: count }, (_, i) => ({ input: `input ${i}`, tokens: i })));

  async function take(message: object) {
    made.take(message as never);
    await settle();
  }

  beforeEach(() => {
    document.body.replaceChildren();
  });

  afterEach(() => {
    leave.abort();
    expect(window).not.toHaveProperty("hacked");
  });

  it("has a line for each run, and their text is text", async () => {
    await open(rows({ input: HOSTILE, text: HOSTILE }, { status: 3, kind: HOSTILE }));
    expect(cells("input")[0]).toBe(HOSTILE);
    expect(cells("text")).toEqual([HOSTILE, `${HOSTILE}: no`]);
    expect(cells("status")).toEqual(["done", "failed"]);
    expect(root.querySelector("img, b[onerror]")).toBeNull();
    expect(root.querySelector(".nbs-b-kind")!.textContent).toBe(`${HOSTILE} 1`);
    expect(table().getAttribute("aria-rowcount")).toBe("3");
    expect(root.querySelector("[role=progressbar]")!.getAttribute("aria-valuenow")).toBe("2");
  });

  it("draws of ten thousand only those in sight, also where it is scrolled to", async () => {
    await open(many(10_000));
    expect(lines().length).toBeLessThan(40);
    expect(table().getAttribute("aria-rowcount")).toBe("10001");
    table().scrollTop = 26 * 5000;
    table().dispatchEvent(new Event("scroll"));
    expect(cells("index")).toContain("5,000");
    expect(lines().length).toBeLessThan(40);
    expect(lines()[0]!.getAttribute("aria-rowindex")).toBe(
      String(Number(lines()[0]!.dataset.index) + 2),
    );
  });

  it("is gone through by the keys; Enter opens a line, Escape goes back", async () => {
    await open(many(100));
    table().focus();
    press(table(), "ArrowDown");
    press(table(), "ArrowDown");
    await settle();
    const active = () => document.getElementById(table().getAttribute("aria-activedescendant")!)!;
    expect(active().dataset.index).toBe("1");
    expect(active().getAttribute("aria-selected")).toBe("true");
    press(table(), "End");
    await settle();
    expect(active().dataset.index).toBe("99");
    press(table(), "Home");
    press(table(), "Enter");
    await settle();
    expect(asked).toEqual([{ type: "watch", line: 0 }]);
    expect(detail().hidden).toBe(false);
    expect(table().closest("[hidden]")).not.toBeNull();
    expect(document.activeElement).toBe(named("‹ All runs"));
    press(detail(), "Escape");
    await settle();
    expect(detail().hidden).toBe(true);
    expect(document.activeElement).toBe(table());
    expect(asked.at(-1)).toEqual({ type: "leave", line: 0 });
  });

  it("shows an opened line's log as any run's", async () => {
    await open(rows({ input: "cat" }, { input: "dog" }));
    lines()[1]!.click();
    await settle();
    await take({ type: "line", line: 1, output: "", error: "", hasLog: true });
    await take({ ...frame(0, start(), chunks("Wuff", "!"), end()), line: 1 });
    await take({ ...frame(0, start(), chunks("Miau"), end()), line: 0 }); // another page's
    expect(
      detail().querySelector(".nbs-chunks, .nbs-tokens, .nbs-page:not([hidden])")!.textContent,
    ).toContain("Wuff");
    expect(detail().textContent).not.toContain("Miau");
    expect(detail().querySelector(".nbs-b-title")!.textContent).toBe("Run 1 · done");
    root.querySelector<HTMLButtonElement>("[aria-label='Previous run']")!.click();
    expect(asked.slice(1)).toEqual([
      { type: "leave", line: 1 },
      { type: "watch", line: 0 },
    ]);
  });

  it("says what came of a line whose log is gone", async () => {
    await open(rows({ input: "cat", status: 3, kind: "E" }));
    lines()[0]!.click();
    await settle();
    await take({ type: "line", line: 0, output: "", error: "E: all of it", hasLog: false });
    expect(detail().querySelector(".nbs-error")!.textContent).toBe("E: all of it");
    expect(detail().querySelector<HTMLElement>(".nbs-hint")!.textContent).toMatch(
      "not kept any more",
    );
    named("Run again").click();
    expect(asked.at(-1)).toEqual({ type: "retry", line: 0 });
  });

  it("says that nobody has sent the log of a line, and shows what that has", async () => {
    await open(rows({ input: "cat", text: "Miau" }));
    vi.useFakeTimers({ toFake: ["setTimeout"] });
    lines()[0]!.click();
    vi.advanceTimersByTime(6000);
    vi.useRealTimers();
    await settle();
    expect(detail().querySelector(".nbs-b-output")!.textContent).toBe("Miau");
    expect(detail().querySelector(".nbs-hint")!.textContent).toMatch("does not answer");
    await take({ type: "line", line: 0, output: "Miau, miau.", error: "", hasLog: false });
    expect(detail().querySelector(".nbs-b-output")!.textContent).toBe("Miau, miau.");
    expect(detail().querySelector(".nbs-hint")!.textContent).toMatch("not kept any more");
  });

  it("follows a line that is run again", async () => {
    await open(rows({ input: "cat", status: 3, kind: "E", started: 1 }));
    lines()[0]!.click();
    await settle();
    await take({ ...rows({ status: 1, started: 2 }), since: 1, version: 2 });
    expect(asked.map(({ type }) => type)).toEqual(["watch", "leave", "watch"]);
  });

  it("is narrowed down, sorted and searched by the reader", async () => {
    await open(
      rows(
        { input: "cat", tokens: 3 },
        { input: "dog", status: 3, kind: "E 1", tokens: 9 },
        { input: "owl", status: 3, kind: "E 2" },
      ),
    );
    named("Failures first").click();
    await settle();
    expect(cells("index")).toEqual(["1", "2", "0"]);
    expect(root.querySelector("[data-column=status][aria-sort]")!.getAttribute("aria-sort")).toBe(
      "ascending",
    );
    named("Failed").click();
    await settle();
    expect(cells("index")).toEqual(["1", "2"]);
    named("E 2").click();
    await settle();
    expect(cells("index")).toEqual(["2"]);
    expect(named("E 2").getAttribute("aria-pressed")).toBe("true");
    named("E 2").click();
    const search = root.querySelector<HTMLInputElement>("input[type=search]")!;
    search.value = "cat";
    search.dispatchEvent(new Event("input"));
    await settle();
    expect(cells("index")).toEqual(["0"]);
    expect(root.querySelector(".nbs-count")!.textContent).toBe("1 of 3");
    search.value = "no such text";
    search.dispatchEvent(new Event("input"));
    await settle();
    expect(root.textContent).toContain("No run is like that.");
  });

  it("stops, pauses, goes on and runs the failed again", async () => {
    await open(rows({ status: 1 }, { status: 3, kind: "E" }));
    named("Pause").click();
    named("Stop all").click();
    named("Retry failed (1)").click();
    expect(asked).toEqual([{ type: "pause" }, { type: "stop" }, { type: "retry" }]);
    await take({ ...rows({ status: 1 }), state: "paused", since: 1, version: 2 });
    named("Resume").click();
    expect(asked.at(-1)).toEqual({ type: "resume" });
    await take({ ...rows({ status: 2 }), state: "done", since: 2, version: 3 });
    expect(named("Stop all")).toBeUndefined();
  });

  it("asks once for what it missed", async () => {
    await open(golden.frames[0]);
    await take(golden.frames[2]);
    await take(golden.frames[3]);
    expect(asked).toEqual([{ type: "since", version: 1 }]);
  });

  it("says that the kernel is gone, and writes what a notebook keeps", async () => {
    await open(rows({ input: HOSTILE, text: "a | b\n<i>", status: 1 }, { status: 3, kind: "E" }));
    made.lose(true);
    await settle();
    expect(root.textContent).toContain("The kernel is gone");
    expect(made.isRunning).toBe(false);
    const bundle = made.transcript!("place")!;
    const html = bundle["text/html"] as string;
    expect(html).not.toContain("<img");
    expect(html.indexOf("failed")).toBeLessThan(html.indexOf("running"));
    expect(bundle["text/plain"]).toContain("| a \\| b \\<i\\> |");
    expect((made.saved as { frame: BatchFrame }).frame.index).toEqual([0, 1]);
  });

  it("tells a screen reader of the end, and not of each line", async () => {
    await open(rows({ status: 1 }, { status: 1 }));
    const said = root.querySelector("[aria-live=polite]:not([role])")!;
    await take({ ...rows({ status: 2 }, { status: 1 }), since: 1, version: 2 });
    expect(said.textContent).toBe("");
    await take({
      ...rows({ status: 2 }, { status: 3, kind: "E" }),
      state: "done",
      since: 2,
      version: 3,
    });
    expect(said.textContent).toBe("2 of 2 runs over, 1 failed.");
  });

  it("says that Python does not answer", async () => {
    await open(rows({ status: 1 }));
    vi.useFakeTimers();
    named("Pause").click();
    vi.advanceTimersByTime(6000);
    vi.useRealTimers();
    await settle();
    expect(root.querySelector(".nbs-problem")!.textContent).toMatch("does not answer");
  });
});

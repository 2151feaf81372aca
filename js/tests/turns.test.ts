import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { keyOf, provide } from "../src/modules";
import { Store } from "../src/store";
import { transcript } from "../src/transcript";
import { MarkdownPanel } from "../src/views/markdown";
import { several } from "../src/views/several";
import { TokensView } from "../src/views/tokens";
import { turnPages } from "../src/views/turns";
import { chunks, end, frame, start } from "./helpers";

const FOLDER = join(import.meta.dirname, "../../tests/fixtures/protocol");

function fixture(name: string): Store {
  const store = new Store(() => {});
  const { frames } = JSON.parse(readFileSync(join(FOLDER, `${name}.json`), "utf8"));
  for (const one of frames) store.take(one);
  return store;
}

function pages(store: Store) {
  const tokens = new TokensView(store.setup);
  const markdown = new MarkdownPanel(store, store.setup, () => null);
  const root = document.createElement("section");
  const made = turnPages({
    ...{ store, root, tokens, markdown },
    manager: () => null,
    schedule: () => {},
  });
  made.tokens.update(store.run);
  made.markdown.update(store.run);
  return { ...made, alone: tokens };
}

function parts(el: HTMLElement): (string | null)[][] {
  return [...el.querySelectorAll<HTMLElement>(".nbs-part")].map((turn) => [
    ...[...turn.querySelectorAll(".nbs-part-head > *")].map((one) => one.textContent),
    turn.querySelector(".nbs-tokens")!.textContent,
    turn.querySelector<HTMLElement>(".nbs-error")!.hidden
      ? null
      : turn.querySelector(".nbs-error")!.textContent,
  ]);
}

describe("several runs", () => {
  it("are read one after the other, each with its name, status and figures", () => {
    const { tokens, markdown } = pages(fixture("several_roots"));
    expect(parts(tokens.el)).toEqual([
      ["M", "Done", "first token 10 ms · 4 tokens", "One", null],
      ["M", "Failed", "", "", "ProviderError: m answered 529."],
      ["M", "Done", "first token 9 ms · 1 chunk", "Two", null],
      ["M", "Done", "first token 9 ms · 2 chunks · 200 chunks/s", "Three four", null],
    ]);
    expect(tokens.shown).toBe(4);
    expect(markdown.el.querySelectorAll(".nbs-part")).toHaveLength(4);
  });

  it("have what a chain gives behind its model, where that is another text", () => {
    const { tokens } = pages(fixture("changed_at_the_end"));
    expect(parts(tokens.el).map(([name, , , text]) => [name, text])).toEqual([
      ["M", "one"],
      ["chain", "ONE"],
    ]);
  });

  it("show where a chain fails behind its model", () => {
    const { tokens } = pages(fixture("failed_behind_a_model"));
    expect(parts(tokens.el)[1]).toEqual([
      "chain",
      "Failed",
      "first token 10 ms · 1 chunk",
      "",
      "ValueError: No <b>.",
    ]);
  });

  it("grow one by one: what is there stays, and one run has no heading", () => {
    const store = new Store(() => {});
    store.take(frame(0, start(), chunks("One"), end()));
    const { tokens, alone } = pages(store);
    expect(tokens.el.querySelector(".nbs-part")).toBeNull();
    expect(alone.el.hidden).toBe(false);
    store.take(frame(3, start(1, { at: 400 })));
    tokens.update(store.run);
    expect(alone.el.hidden).toBe(true);
    expect(parts(tokens.el).map(([, word, , text]) => [word, text])).toEqual([
      ["Done", "One"],
      ["Waiting", ""],
    ]);
    const first = tokens.el.querySelector(".nbs-token");
    store.take(frame(4, { kind: "chunks", at: 500, run: [1], gap: [0], text: ["Two"] }));
    tokens.update(store.run);
    expect(parts(tokens.el)[1]![3]).toBe("Two");
    expect(tokens.el.querySelector(".nbs-token")).toBe(first);
  });

  it("give way to the one that is selected, and come back", () => {
    const store = fixture("several_roots");
    const { tokens, alone } = pages(store);
    store.select(0);
    tokens.update(store.run);
    expect(tokens.shown).toBe(1);
    expect(alone.el.textContent).toBe("One");
    expect(tokens.el.querySelector<HTMLElement>(".nbs-parts")!.hidden).toBe(true);
    store.select(null);
    tokens.update(store.run);
    expect(tokens.shown).toBe(4);
  });

  it("follow a replay back", () => {
    const store = fixture("several_roots");
    const { tokens } = pages(store);
    store.replay.seek(35);
    tokens.update(store.run);
    expect(parts(tokens.el).map(([, word]) => word)).toEqual(["Done", "Waiting"]);
  });

  it("say that only the last is shown where what shows all does not come", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const store = fixture("several_roots");
    const tokens = new TokensView(store.setup);
    const markdown = new MarkdownPanel(store, store.setup, () => null);
    const root = document.createElement("section");
    const made = several({
      ...{ store, root, tokens, markdown },
      manager: () => null,
      schedule: () => {},
    });
    made.tokens.update(store.run);
    expect(made.tokens.el.textContent).toBe("Three four");
    expect(store.notice).toBe("");
    vi.advanceTimersByTime(5000);
    expect(store.notice).toMatch(/^Only the last turn is shown: the kernel/);
    vi.useRealTimers();
    // Late is not never.
    Object.assign(globalThis, { nbstreamTested: { turnPages } });
    vi.spyOn(URL, "createObjectURL").mockReturnValue(
      "data:text/javascript,export const { turnPages } = globalThis.nbstreamTested",
    );
    provide(keyOf("turns"), "");
    await vi.waitFor(() => expect(store.notice).toBe(""));
    made.tokens.update(store.run);
    expect(parts(made.tokens.el)).toHaveLength(4);
  });

  it("are drawn anew in another style", () => {
    const { tokens } = pages(fixture("several_roots"));
    tokens.restyle({ whitespace: true, heat: "none" });
    tokens.update(undefined);
    expect(tokens.el.querySelectorAll(".nbs-sign")).not.toHaveLength(0);
  });

  it("are drawn from the last ones on, and more when asked, however many there are", () => {
    const store = new Store(() => {});
    for (let run = 0; run < 1000; run++) {
      store.take(
        frame(
          3 * run,
          start(run),
          { ...chunks("a"), run: [run] } as ReturnType<typeof chunks>,
          end({ run }),
        ),
      );
    }
    const { tokens, markdown } = pages(store);
    const count = () => tokens.el.querySelectorAll(".nbs-part").length;
    expect([count(), markdown.el.querySelectorAll(".nbs-part").length]).toEqual([150, 150]);
    const first = tokens.el.querySelector(".nbs-part")!;
    store.take(frame(3000, start(1000)));
    tokens.update(store.run);
    expect([count(), first.isConnected]).toEqual([150, false]);
    tokens.el.querySelector<HTMLElement>(".nbs-earlier")!.click();
    tokens.update(store.run);
    expect(count()).toBe(300);
  });

  it("are all in the page's transcript", () => {
    const store = fixture("several_roots");
    const said = transcript("here", [{ store }]);
    expect(said["text/markdown"]).toBe(
      "**M:** One\n\n---\n\n**M:** \n\nProviderError: m answered 529.\n\n---\n\n**M:** Two\n\n---\n\n**M:** Three four",
    );
    expect(said["text/html"]).toContain("M: failed");
  });
});

it("is running as long as one of its outermost runs is, and is as the last one went", () => {
  const store = new Store(() => {});
  store.take(frame(0, start(), end(), start(1)));
  expect([store.isRunning, store.doing]).toEqual([true, "waiting"]);
  store.take(frame(3, end({ run: 1, kind: "error", error: { type: "E", message: "m" } })));
  expect([store.isRunning, store.doing]).toEqual([false, "failed"]);
});

import { describe, expect, it, vi } from "vitest";
import { call, chunks, end, frame, press, settle, start } from "./helpers";
import { button, choose, close, leave, model, open, opening, setManager, tab, text } from "./page";

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
    const usage_metadata = { input_tokens: 1, output_tokens: 7 };
    model.receive(frame(3, end({ message: { type: "AIMessageChunk", usage_metadata } })));
    await settle();
    expect(text(root, ".nbs-word")).toBe("Done");
    expect(text(root, ".nbs-metrics")).toBe("first token 10 ms · 7 tokens · 600 tokens/s");
  });

  it("says how long it has waited", async () => {
    const root = open()();
    model.receive(frame(0, start()));
    await settle();
    expect(text(root, ".nbs-metrics")).toMatch(/^\d+ ms$/);
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
    const response_metadata = { stop_reason: "max_tokens" };
    model.receive(frame(0, start(), end({ message: { response_metadata } })));
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

  it("leaves in its saved state all that it was sent", async () => {
    open({ _log: frame(0, start()) });
    model.receive(frame(1, chunks("a", "b")));
    const saved = JSON.parse(JSON.stringify(model.get("_log")));
    const root = open({ _log: saved })();
    await settle();
    expect(text(root, ".nbs-tokens")).toBe("ab");
  });

  it("asks for all there is when it opens, where its host keeps nothing for it", async () => {
    const root = open()();
    expect(opening).toEqual([{ type: "open" }]);
    model.receive({ type: "log", log: frame(0, start(), chunks("a", "b"), end()) } as never);
    await settle();
    expect(text(root, ".nbs-tokens")).toBe("ab");
    expect(root.dataset.status).toBe("done");
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
    const stop = button(root, "Stop");
    expect(stop.hidden).toBe(false);
    stop.click();
    expect(model.sent).toEqual([{ type: "stop" }]);
    await settle();
    expect([text(root, ".nbs-word"), stop.disabled]).toEqual(["Stopping…", true]);
    expect(root.dataset.status).toBe("stopping");
    vi.advanceTimersByTime(5000);
    await settle();
    expect(text(root, ".nbs-note")).toContain("interrupt it");
    expect([text(root, ".nbs-word"), stop.disabled]).toEqual(["Stopping…", true]);
    model.receive(frame(2, { kind: "cancelled", at: 300, run: 0 }));
    await settle();
    expect(stop.hidden).toBe(true);
    expect(text(root, ".nbs-note")).toBe("");
    vi.useRealTimers();
  });

  it("hands the keyboard on from what is put away", async () => {
    const root = open({ view: "timeline" })();
    model.receive(frame(0, start(), start(1, { parent: 0 }), chunks("a")));
    await settle();
    const stop = button(root, "Stop");
    stop.focus();
    stop.click();
    expect(document.activeElement).toBe(root);
    // With the whole view in focus, the keys are the notebook's.
    let kept = true;
    const look = () => {
      kept = root.hasAttribute("data-lm-suppress-shortcuts");
    };
    document.addEventListener("keydown", look, { capture: true, signal: leave.signal });
    press(root, "ArrowDown");
    expect(kept).toBe(false);
    root.querySelector<HTMLElement>("[data-run='1']")!.click();
    await settle();
    const chip = root.querySelector<HTMLElement>(".nbs-chip")!;
    chip.focus();
    chip.click();
    await settle();
    expect(document.activeElement).toBe(root);
  });

  it("says what Python has to say until the reader asks for something else", async () => {
    const root = open()();
    model.receive(frame(0, start(), chunks("a")));
    model.receive({ type: "problem", text: "<b>No</b> trace." });
    model.receive({ type: "notice", text: "3 earlier turns were left out." });
    model.receive(frame(2, chunks("b")));
    await settle();
    expect(text(root, ".nbs-problem")).toBe("<b>No</b> trace.");
    expect(text(root, ".nbs-notice")).toBe("3 earlier turns were left out.");
    button(root, "Stop").click();
    await settle();
    expect(text(root, ".nbs-problem") + text(root, ".nbs-notice")).toBe("");
  });

  it("takes the messages behind one that fails, whoever it fails for", async () => {
    const said = vi.spyOn(console, "error").mockImplementation(() => {});
    setManager({
      get context() {
        throw new Error("no");
      },
    });
    const root = open()();
    model.receive({ type: "bundle", data: {}, metadata: {} });
    model.receive(frame(0, start(), chunks("a")));
    await settle();
    expect(said).toHaveBeenCalledTimes(1);
    expect(text(root, ".nbs-tokens")).toBe("a");
  });

  describe("whose kernel goes", () => {
    type Slot = (sender: unknown, value: unknown) => void;
    const signal = () => {
      const slots = new Set<Slot>();
      return {
        slots,
        connect: (slot: Slot) => slots.add(slot),
        disconnect: (slot: Slot) => slots.delete(slot),
        emit: (value: unknown) => {
          for (const slot of slots) slot(null, value);
        },
      };
    };

    async function streaming(kernel: object): Promise<HTMLElement> {
      setManager({ kernel });
      const root = open()();
      model.receive(frame(0, start(), chunks("a", "b")));
      await settle();
      return root;
    }

    const ENDS = ["restarting", "autorestarting", "starting", "dead", "terminating"];
    it.each(ENDS)("says so: %s", async (status) => {
      const kernel = { statusChanged: signal(), disposed: signal() };
      const root = await streaming(kernel);
      for (const harmless of ["busy", "idle", "unknown", undefined]) {
        kernel.statusChanged.emit(harmless);
      }
      await settle();
      expect(root.dataset.status).toBe("streaming");
      kernel.statusChanged.emit(status);
      await settle();
      expect(root.dataset.status).toBe("gone");
      expect(text(root, ".nbs-word")).toBe("Kernel gone");
      expect(text(root, ".nbs-note")).toBe("The kernel is gone: this is the text received so far.");
      expect(text(root, ".nbs-tokens")).toBe("ab");
      expect(button(root, "Stop").hidden).toBe(true);
      expect(button(root, "Play it again").hidden).toBe(false);
      const { textContent } = root.querySelector(".nbs-metrics")!;
      await settle();
      expect(text(root, ".nbs-metrics")).toBe(textContent);
      tab(root, "Timeline").click();
      await settle();
      expect(text(root, "tbody .nbs-took")).toBe("unfinished");
      close.abort();
      expect(kernel.statusChanged.slots.size + kernel.disposed.slots.size).toBe(0);
    });

    it("says so where only the model or a message tells, and takes it back when it speaks", async () => {
      const root = await streaming({});
      model.emit("comm_live_update");
      await settle();
      expect(root.dataset.status).toBe("gone");
      model.receive(frame(3, chunks("c")));
      await settle();
      expect(root.dataset.status).toBe("streaming");
      model.send = () => {
        throw new Error("Kernel is dead");
      };
      button(root, "Stop").click();
      await settle();
      expect(root.dataset.status).toBe("gone");
      model.receive(frame(4, end()));
      await settle();
      expect(root.dataset.status).toBe("done");
      model.emit("comm_live_update");
      await settle();
      expect(text(root, ".nbs-word") + text(root, ".nbs-note")).toBe("Done");
    });
  });

  it("draws borders by style, as Python says or as the reader chose last", () => {
    const root = open({ delimiter: ' "\\\n' })();
    const has = (name: string) => root.classList.contains(name);
    expect(has("nbs-marked")).toBe(true);
    expect(root.style.getPropertyValue("--nbs-delimiter")).toBe('" \\22 \\5c \\a "');
    choose(root, "Borders between chunks", "bands");
    expect([has("nbs-marked"), has("nbs-bands")]).toEqual([false, true]);
    model.set("delimiter", "·");
    expect(root.style.getPropertyValue("--nbs-delimiter")).toBe('"·"');
    model.set("borders", "none");
    expect([has("nbs-marked"), has("nbs-bands")]).toEqual([false, false]);
    model.set("borders", "delimiter");
    model.set("delimiter", "");
    expect(has("nbs-marked")).toBe(false);
  });

  it("shows whitespace and heat on demand, and says what the colours mean", async () => {
    const root = open()();
    model.receive(frame(0, start(), chunks("a b")));
    button(root, "Show whitespace").click();
    choose(root, "Colour of tokens", "gap");
    await settle();
    expect(root.querySelectorAll(".nbs-sign")).toHaveLength(1);
    expect(root.querySelectorAll(".nbs-token[data-heat]")).toHaveLength(1);
    expect(root.querySelectorAll(".nbs-legend span")).toHaveLength(6);
    expect(button(root, "Show whitespace").getAttribute("aria-pressed")).toBe("true");
  });

  it("has tabs for the pointer, the keys and Python", async () => {
    const root = open()();
    model.receive(frame(0, start(), chunks("a"), end()));
    await settle();
    const on = () => root.querySelector("[role=tab][aria-selected=true]")?.textContent;
    const page = () => root.querySelectorAll("[role=tabpanel]:not([hidden])");
    tab(root, "Events").click();
    await settle();
    expect(on()).toBe("Events3");
    expect(root.querySelectorAll(".nbs-event")).toHaveLength(3);
    expect(page()).toHaveLength(1);
    tab(root, "Events").focus();
    press(document.activeElement!, "ArrowRight");
    await settle();
    expect(on()).toBe("Timeline1");
    expect(document.activeElement).toBe(tab(root, "Timeline"));
    press(document.activeElement!, "ArrowRight");
    await settle();
    expect(on()).toBe("Tokens");
    model.set("view", "timeline");
    await settle();
    expect(on()).toBe("Timeline1");
    expect(tab(root, "Tokens").tabIndex).toBe(-1);
  });

  it("narrows all views to a run, and back", async () => {
    const root = open({ view: "timeline" })();
    const runs = [start(0, { type: "chain" }), start(1, { parent: 0, name: "Inner" })];
    const inner = {
      kind: "chunks",
      at: 50,
      run: [1, 0],
      gap: [0, 0],
      text: ["in", "out"],
    } as const;
    model.receive(frame(0, ...runs, { ...inner, run: [1, 0], gap: [0, 0], text: ["in", "out"] }));
    await settle();
    root.querySelector<HTMLElement>("[data-run='1']")!.click();
    await settle();
    expect(root.querySelector<HTMLElement>(".nbs-details")!.hidden).toBe(false);
    tab(root, "Tokens").click();
    await settle();
    expect(text(root, ".nbs-tokens")).toBe("in");
    tab(root, "Events").click();
    await settle();
    expect(root.querySelectorAll(".nbs-event")).toHaveLength(2);
    root.querySelector<HTMLElement>(".nbs-chip")!.click();
    tab(root, "Tokens").click();
    await settle();
    expect(text(root, ".nbs-tokens")).toBe("out");
  });

  it("keeps what the reader set up when the notebook draws the output anew", async () => {
    const view = open();
    const first = view();
    const runs = [start(0, { type: "chain" }), start(1, { parent: 0 })];
    model.receive(frame(0, ...runs, chunks("a")));
    await settle();
    tab(first, "Timeline").click();
    await settle();
    first.querySelector<HTMLElement>(".nbs-twisty")!.click();
    choose(first, "Borders between chunks", "none");
    first.remove();
    const second = view();
    await settle();
    expect(second.dataset.view).toBe("timeline");
    expect(second.querySelectorAll("tbody tr:not([hidden])")).toHaveLength(1);
    expect(second.classList.contains("nbs-marked")).toBe(false);
    model.set("borders", "delimiter");
    expect(view().classList.contains("nbs-marked")).toBe(true);
  });

  it("has all figures behind the few", async () => {
    const root = open({ price: { input: 3, output: 15 } })();
    const usage_metadata = { input_tokens: 1000, output_tokens: 100 };
    const texts = Array.from({ length: 30 }, () => "x");
    model.receive(
      frame(0, start(), chunks(...texts), end({ at: 4000, message: { usage_metadata } })),
    );
    await settle();
    expect(root.querySelector<HTMLElement>(".nbs-figures")!.hidden).toBe(true);
    root.querySelector<HTMLElement>(".nbs-figures-button")!.click();
    await settle();
    const said = text(root, ".nbs-figures dl");
    for (const part of ["First token10 ms", "Duration400 ms", "Tokens in1,000", "Cost0.004500"]) {
      expect(said).toContain(part);
    }
    expect(said).toContain("Gap (p95)10 ms");
    expect(text(root, ".nbs-plot")).toMatch(/^up to \d+ chunks\/sover 290 ms$/);
  });

  it("plays the run again and leaves", async () => {
    const root = open()();
    model.receive(frame(0, start(), chunks("a", "b", "c"), end({ at: 600 })));
    await settle();
    button(root, "Play it again").click();
    await settle();
    const range = root.querySelector<HTMLInputElement>(".nbs-range")!;
    range.value = "400";
    range.dispatchEvent(new Event("input"));
    await settle();
    expect(text(root, ".nbs-tokens")).toBe("ab");
    expect(text(root, ".nbs-word")).toBe("Streaming");
    expect(text(root, ".nbs-replay-time")).toBe("24 ms of 60 ms");
    expect(button(root, "Stop").hidden).toBe(true);
    button(root, "Close replay").click();
    await settle();
    expect(text(root, ".nbs-tokens")).toBe("abc");
    expect(root.querySelector<HTMLElement>(".nbs-replay")!.hidden).toBe(true);
  });

  it("copies the text, with delimiters from the menu, and saves", async () => {
    const root = open({ delimiter: "/" })();
    const copied = vi.spyOn(navigator.clipboard, "writeText").mockResolvedValue();
    model.receive(frame(0, start(), chunks("a", "b"), end()));
    await settle();
    button(root, "Copy the text").click();
    expect(copied).toHaveBeenLastCalledWith("ab");
    button(root, "More").click();
    const items = [...root.querySelectorAll<HTMLElement>("[role=menuitem]")];
    expect(document.activeElement).toBe(items[0]);
    press(document.activeElement!, "ArrowUp");
    expect(document.activeElement).toBe(items.at(-1));
    press(document.activeElement!, "Escape");
    expect(document.activeElement).toBe(button(root, "More"));
    items[0]!.click();
    expect(copied).toHaveBeenLastCalledWith("a/b");
    items.at(-1)!.click();
    items.at(-2)!.click();
    expect(model.sent).toEqual([
      { type: "export", form: "html" },
      { type: "export", form: "jsonl" },
    ]);
  });

  it("shows Markdown as text until its module is here, and asks for that once", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout"] });
    const root = open({ view: "markdown" })();
    model.receive(frame(0, start(), chunks("**a", "**<b>")));
    await settle();
    expect(text(root, ".nbs-md-body")).toBe("**a**<b>");
    expect(root.querySelector("b")).toBeNull();
    expect(model.sent).toEqual([{ type: "module", name: "markdown" }]);
    vi.advanceTimersByTime(5000);
    await settle();
    expect(text(root, ".nbs-md-note")).toContain("does not answer");
    vi.useRealTimers();
  });

  it("reads the text out politely, and not what was there before", async () => {
    const root = open({ _log: frame(0, start(), chunks("old"), end()) })();
    await settle();
    expect(text(root, "[aria-live=polite].nbs-offscreen")).toBe("");
    const live = open()();
    model.receive(frame(0, start(), chunks("Here", " is", " a"), call("{}", "x")));
    await settle();
    const heard = text(live, "[aria-live=polite].nbs-offscreen");
    expect("Here is a".startsWith(heard) && heard !== "").toBe(true);
    model.receive(frame(5, chunks(" fish"), end()));
    await settle();
    expect(heard + text(live, "[aria-live=polite].nbs-offscreen")).toBe("Here is a fish");
  });

  it("takes the keys it needs from the notebook, and no others", () => {
    const root = open()();
    let kept = false;
    document.addEventListener(
      "keydown",
      ({ target }) => {
        // Itself: some shortcuts are those of whatever has the focus.
        kept = (target as Element).hasAttribute("data-lm-suppress-shortcuts");
      },
      { capture: true, signal: leave.signal },
    );
    const keeps = (
      key: string,
      more: KeyboardEventInit = {},
      target: Element = button(root, "Copy"),
    ) => {
      press(target, key, more);
      return kept;
    };
    expect(["ArrowUp", "Enter", " ", "Home"].map((key) => keeps(key))).toEqual([
      ...[true, true, true, true],
    ]);
    expect([keeps("Enter", { shiftKey: true }), keeps("a"), keeps("Escape")]).toEqual([
      ...[false, false, false],
    ]);
    expect(keeps("ArrowUp", {}, document.body)).toBe(false);
  });

  it("spends nothing on a view that left the page", async () => {
    const root = open()();
    await settle();
    root.remove();
    model.receive(frame(0, start(), chunks("a")));
    await settle();
    expect(text(root, ".nbs-tokens")).toBe("");
  });

  it.each([true, false])("stops listening when the view goes; signals: %s", async (hasSignals) => {
    const root = open({}, hasSignals)();
    await settle();
    vi.useFakeTimers({ toFake: ["setTimeout"] });
    leave.abort();
    vi.advanceTimersByTime(5000);
    model.receive(frame(0, start(), chunks("a")));
    model.set("delimiter", "·");
    vi.useRealTimers();
    await settle();
    expect(text(root, ".nbs-tokens")).toBe("");
    expect(root.style.getPropertyValue("--nbs-delimiter")).toBe('"|"');
  });

  it("says no book at once", async () => {
    const root = open()();
    model.receive(frame(0, start()));
    await settle();
    model.receive(frame(1, chunks("word ".repeat(4000)), end()));
    await settle();
    const heard = text(root, "[aria-live=polite].nbs-offscreen");
    expect(heard.slice(-40)).toBe("ord word word  … 10,000 more characters.");
  });
});

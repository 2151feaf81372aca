/** What the widget does in a page that holds its transcript, too: JupyterLab's and Notebook's. */

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { chunks, end, frame, press, settle, start } from "./helpers";
import { button, leave, model, open, text } from "./page";

describe("the widget in a notebook", () => {
  beforeEach(() => {
    document.body.dataset.jpThemeName = "JupyterLab Light";
  });

  afterEach(() => {
    delete document.body.dataset.jpThemeName;
  });

  function place(id = "here"): HTMLElement {
    const el = document.createElement("div");
    el.innerHTML = `<div data-nbstream="${id}"><b>transcript</b></div>`;
    document.body.append(el);
    return el;
  }

  it("takes the place of its transcript, now or later, in a page that has both", async () => {
    const [now, other] = [place("p1"), place("p2")];
    open({ _place: "p1" });
    expect(model.sent).toEqual([{ type: "hello" }]);
    model.receive(frame(0, start(), chunks("live"), end()));
    await settle();
    expect(text(now, ".nbs-tokens")).toBe("live");
    const later = place("p1");
    await settle();
    expect(text(later, ".nbs-tokens")).toBe("live");
    expect(text(now, "b") + text(later, "b") + text(other, "b")).toBe("nonenonetranscript");
    delete document.body.dataset.jpThemeName;
    open({ _place: "p3" });
    expect(model.sent).toEqual([]);
  });

  it("puts its transcript into an output that was not updated", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout"] });
    open()();
    const WIDGET = "application/vnd.jupyter.widget-view+json";
    const output = (id: string) => ({ data: { [WIDGET]: { model_id: id } } });
    const outputs = [output("other"), output("mine")] as { data: object }[];
    const list = {
      length: outputs.length,
      get: (i: number) => outputs[i],
      set: (i: number, value: { data: object }) => {
        outputs[i] = value;
      },
    };
    const cells = [{}, { outputs: list }];
    Object.assign(model, { widget_manager: { context: { model: { cells } } } });
    model.receive(frame(0, start(), chunks("a")));
    vi.advanceTimersByTime(5000);
    expect(model.sent).toEqual([{ type: "hello" }]);
    model.receive(frame(2, end()));
    vi.advanceTimersByTime(5000);
    expect(model.sent.at(-1)).toEqual({ type: "bundle" });
    const data = { "text/plain": "a" };
    model.receive({ type: "bundle", model: "mine", data, metadata: {} });
    expect(outputs.map((one) => Object.keys(one.data)[0])).toEqual([WIDGET, "text/plain"]);
    delete (model as { widget_manager?: object }).widget_manager;
    model.receive({ type: "bundle", model: "mine", data, metadata: {} });
    vi.useRealTimers();
  });

  describe("that draws its output anew", () => {
    beforeEach(() => {
      // As a browser does it when what it observes gets its size.
      class Observer {
        constructor(readonly changed: () => void) {}
        observe = () => requestAnimationFrame(this.changed);
        disconnect = () => {};
      }
      vi.stubGlobal("ResizeObserver", Observer);
    });

    afterEach(() => {
      vi.unstubAllGlobals();
    });

    it("moves the view to where the transcript stands, with all that the reader is at", async () => {
      const root = open()();
      model.receive(frame(0, start(), chunks("a", "b"), end()));
      await settle();
      const copy = button(root, "Copy");
      copy.focus();
      const list = root.querySelector(".nbs-tokens")!;
      press(list, "ArrowRight");
      root.closest("body > div")!.remove();
      leave.abort();
      const home = place();
      await settle();
      expect(home.querySelector(".nbstream")).toBe(root);
      expect(text(home, "b")).toBe("none");
      expect(document.activeElement).toBe(copy);
      expect(root.querySelector<HTMLElement>(".nbs-card")!.hidden).toBe(true);
      model.set("delimiter", "·");
      expect(root.style.getPropertyValue("--nbs-delimiter")).toBe('"·"');
      // The notebook may put its HTML in once more.
      home.innerHTML = '<div data-nbstream="here"></div>';
      await settle();
      expect(home.querySelector(".nbstream")).toBe(root);
    });

    it("moves what is left, and leaves what is only out of sight", async () => {
      const show = open();
      const [shown, hidden] = [show(), show()];
      await settle();
      const cell = document.createElement("div");
      cell.className = "jp-OutputArea";
      cell.append(hidden.closest("body > div")!);
      document.body.append(cell);
      cell.remove(); // as a long notebook does with cells that are far away
      const third = show();
      await settle();
      expect([shown, hidden].includes(third)).toBe(false);
      shown.closest("body > div")!.remove();
      const home = place();
      await settle();
      expect(home.querySelector(".nbstream")).toBe(shown);
      expect(hidden.closest(".jp-OutputArea")).toBe(cell);
    });
  });
});

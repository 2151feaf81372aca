/** What the widget does in a page that holds its transcript, too: JupyterLab's and Notebook's. */

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { chunks, end, frame, press, settle, start, thought } from "./helpers";
import { button, close, leave, model, open, setManager, tab, text } from "./page";

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

  it("takes it, too, where the page has left only its class", async () => {
    const el = document.createElement("div");
    el.innerHTML = '<div class="nbs-at-p4"><b>transcript</b></div>';
    open({ _place: "p4" });
    document.body.append(el);
    model.receive(frame(0, start(), chunks("live"), end()));
    await settle();
    expect(text(el, ".nbs-tokens")).toBe("live");
    expect(text(el, "b")).toBe("none");
  });

  /** A notebook's document with these outputs, by mime type. */
  function documentOf(...all: Data[]) {
    const outputs = all.map((data) => ({ data }));
    const set = vi.fn((i: number, value: { data: Data }) => {
      outputs[i] = value;
    });
    const list = { length: outputs.length, get: (i: number) => outputs[i], set };
    const notebook = {
      cells: [{}, { outputs: list }],
      toJSON: () => ({ cells: [{}, { outputs: outputs.map((one) => ({ ...one })) }] }),
    };
    const saved = () => notebook.toJSON().cells[1]!.outputs!.map(({ data }) => data);
    const data = () => outputs.map((one) => one.data);
    return { manager: { context: { model: notebook } }, data, saved, set };
  }
  type Data = { [mime: string]: unknown };
  const WIDGET = "application/vnd.jupyter.widget-view+json";
  const html = (id: string) => ({ "text/html": `<div data-nbstream="${id}">` });
  const widget = (id: string) => ({ [WIDGET]: {}, ...html(id) });

  it("asks for its transcript where the output was not updated", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout"] });
    const { manager, data } = documentOf(widget("other"), widget("here"));
    setManager(manager);
    open()();
    model.receive(frame(0, start(), chunks("a")));
    vi.advanceTimersByTime(5000);
    expect(model.sent).toEqual([{ type: "hello" }]);
    model.receive(frame(2, end()));
    vi.advanceTimersByTime(5000);
    expect(model.sent.slice(1)).toEqual([{ type: "bundle" }]);
    const answer = { "text/plain": "a" };
    model.receive({ type: "bundle", data: answer, metadata: {} });
    expect(data()).toEqual([widget("other"), answer]);
    setManager({});
    open()();
    model.receive({ type: "bundle", data: answer, metadata: {} });
    vi.useRealTimers();
  });

  it("asks for it in the page that was loaded anew, and only where it has to", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout"] });
    const asked = () => model.sent.filter((one) => (one as { type: string }).type === "bundle");
    open({ _place: "q1", _log: frame(0, start(), chunks("a"), end()) });
    place("q1");
    await settle();
    vi.advanceTimersByTime(5000);
    expect(asked()).toEqual([]); // Python's own was there

    open({ _place: "q2", _log: frame(0, start(), chunks("a"), end()) });
    place("q2").firstElementChild!.toggleAttribute("data-nbstream-page"); // was saved in mid-stream
    await settle();
    vi.advanceTimersByTime(5000);
    expect(asked()).toHaveLength(1);

    open({ _place: "q3" });
    place("q3");
    await settle();
    model.receive(frame(0, start(), chunks("a")));
    vi.advanceTimersByTime(5000);
    expect(asked()).toEqual([]);
    model.receive(frame(2, end()));
    vi.advanceTimersByTime(5000);
    expect(asked()).toHaveLength(1);

    open({ _place: "q4" });
    const updated = place("q4");
    await settle();
    model.receive(frame(0, start(), chunks("a"), end()));
    updated.remove(); // Jupyter has put another there
    vi.advanceTimersByTime(5000);
    expect(asked()).toEqual([]);
    vi.useRealTimers();
  });

  it("gives a notebook that is saved in mid-stream the text received so far", () => {
    const { manager, data, saved, set } = documentOf(widget("other"), widget("s1"), html("s1"));
    setManager(manager);
    open({ _place: "s1" })();
    const before = data();
    expect(saved()[0]).toEqual(widget("other"));
    expect(saved()[1]).not.toHaveProperty([WIDGET]); // or it would be an error the next day
    model.receive(frame(0, start(), chunks("<b>", " & $x$")));
    for (const one of saved().slice(1)) {
      expect(Object.keys(one)).toEqual(["text/html", "text/markdown", "text/plain"]);
      expect(one["text/plain"]).toBe("<b> & $x$");
      const el = document.createElement("div");
      el.innerHTML = String(one["text/html"]);
      expect(el.textContent).toContain("Saved while streaming");
      expect(el.textContent).toContain("<b> & $x$");
    }
    // The document itself is as it was: nothing is drawn anew while somebody reads.
    expect(data()).toEqual(before);
    expect(set).not.toHaveBeenCalled();
    model.receive(frame(3, end()));
    expect(saved()[1]).not.toHaveProperty([WIDGET]); // over, but not yet updated
    expect(saved()[2]).toEqual(html("s1")); // Python's own
    close.abort();
    expect(saved()).toEqual(before);
  });

  it("lets a notebook be saved that holds what nobody expects", () => {
    const { manager, saved } = documentOf(
      {},
      { "text/html": ["<div ", 'data-nbstream="s2">'] },
      { "text/html": '<!-- a line to be read -->\n<div data-nbstream="s2">' },
    );
    setManager(manager);
    open({ _place: "s2" })();
    model.receive(frame(0, start(), chunks("a\n", " \n\nb")));
    expect(saved()[1]!["text/plain"]).toBe("a\n \n\nb");
    // A blank line would end the HTML where the notebook becomes Markdown.
    expect(saved()[1]!["text/html"]).not.toMatch(/\n[ \t]*\n/);
    expect(saved()[2]!["text/plain"]).toBe("a\n \n\nb");
    const notebook = manager.context.model as { toJSON(): unknown };
    setManager({ context: { model: {} } });
    open({ _place: "s3" })();
    expect(notebook.toJSON()).toBeTruthy();
  });

  it("leaves what had come in the document when the kernel is gone in mid-stream", async () => {
    const { manager, data, set } = documentOf(html("other"), html("p9"));
    setManager(manager);
    open({ _place: "p9" })();
    model.receive(frame(0, start(), thought("well"), chunks("<b>", " & $x$")));
    model.emit("comm_live_update");
    model.emit("comm_live_update");
    expect(set).toHaveBeenCalledOnce();
    const [other, mine] = data() as { [mime: string]: string }[];
    expect(other).toEqual(html("other"));
    expect([mine!["text/plain"], mine!["text/markdown"]]).toEqual(["<b> & $x$", "<b> & $x$"]);
    const el = document.createElement("div");
    el.innerHTML = mine!["text/html"]!;
    expect(mine!["text/html"]!.startsWith('<div data-nbstream="p9"')).toBe(true);
    expect(el.textContent).toContain("Kernel gone");
    expect(el.textContent).toContain("<b> & $x$");
    expect(text(el, "details div")).toBe("well");
    model.receive(frame(4, end()));
    model.emit("comm_live_update"); // over: Python has left its own
    expect(set).toHaveBeenCalledOnce();
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

  describe("that lets outputs go", () => {
    const WAIT = 2000; // between two looks
    let cells: { outputs: object }[] | null;

    beforeEach(() => {
      vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
      // What the tests before have left waits for a time that does not come.
      delete (globalThis as { [key: symbol]: unknown })[Symbol.for("nbstream.places.2")];
      cells = [];
    });

    afterEach(() => {
      vi.useRealTimers();
    });

    /** A model that is over, and where its transcript stands, in the page and in the document. */
    function over(id: string, hasSignals = true): HTMLElement {
      open({ _place: id }, hasSignals);
      model.receive(frame(0, start(), chunks("a"), end()));
      Object.assign(model, { widget_manager: { context: { model: { cells } } } });
      const area = document.createElement("div");
      area.className = "jp-OutputArea";
      const output = place(id);
      area.append(output);
      document.body.append(area);
      const html = `<div data-nbstream="${id}"><b>transcript</b></div>`;
      const outputs = { length: 1, get: () => ({ data: { "text/html": html } }) };
      cells?.push({} as never, { outputs });
      return output;
    }

    /** Let what is observed be told, and so many looks pass. */
    async function looks(count: number): Promise<void> {
      await settle();
      for (let i = 0; i < count; i++) {
        await vi.advanceTimersByTimeAsync(WAIT);
      }
    }

    const said = () => model.sent.filter((one) => (one as { type: string }).type === "bye").length;
    const shown = (el: HTMLElement) => el.querySelector<HTMLElement>(".nbstream")!;
    /** Whether a view still follows its model. */
    async function isAlive(el: HTMLElement, delimiter: string): Promise<boolean> {
      model.set("delimiter", delimiter);
      await settle();
      return shown(el).style.getPropertyValue("--nbs-delimiter") === `"${delimiter}"`;
    }

    it("ends the view whose output was cleared, and says once that nothing is left", async () => {
      const output = over("q1");
      await looks(0);
      expect(await isAlive(output, "1")).toBe(true);
      output.remove();
      cells!.length = 0;
      await looks(3);
      expect(await isAlive(output, "2")).toBe(false);
      expect(said()).toBe(0);
      await looks(6);
      expect(said()).toBe(1);
      document.body.append(document.createElement("i"));
      document.querySelector("i")!.remove();
      await looks(9);
      expect(said()).toBe(1);
      // Put in again, it is shown as long as the model is there.
      const again = place("q1");
      await settle();
      expect(await isAlive(again, "3")).toBe(true);
    });

    it("keeps the view of a cell that is only far away, and ends it when that is deleted", async () => {
      const output = over("q2");
      await looks(0);
      const area = output.parentElement!;
      area.remove();
      await looks(9);
      expect(await isAlive(output, "1")).toBe(true);
      cells!.length = 0; // its cell was deleted while it was far away
      document.body.append(document.createElement("i"));
      await settle();
      document.querySelector("i")!.remove();
      await looks(3);
      expect(await isAlive(output, "2")).toBe(false);
      // Were it back after all, it would be shown anew, with nothing lost in between.
      expect(text(output, ".nbs-tokens")).toBe("a");
      document.body.append(area);
      await settle();
      expect(await isAlive(output, "3")).toBe(true);
    });

    it("keeps what it cannot know to be gone", async () => {
      cells = null; // a console has no document that could be looked through
      const output = over("q3");
      await looks(0);
      output.parentElement!.remove();
      await looks(9);
      expect(await isAlive(output, "1")).toBe(true);
      cells = [];
      const inside = over("q4"); // in the output of an Output widget
      cells.length = 0;
      const widget = document.createElement("div");
      widget.className = "jupyter-widgets";
      widget.append(inside.parentElement!);
      document.body.append(widget);
      await looks(0);
      widget.remove();
      await looks(9);
      expect(await isAlive(inside, "2")).toBe(true);
      expect(said()).toBe(0);
    });

    it("says nothing while the run goes on, and does when that ends unseen", async () => {
      const output = over("q5");
      await looks(0);
      open({ _place: "q6" });
      const live = place("q6");
      model.receive(frame(0, start(), chunks("a")));
      await looks(0);
      live.remove();
      await looks(9);
      expect(said()).toBe(0);
      model.receive(frame(2, end()));
      await looks(9);
      expect(said()).toBe(1);
      expect(shown(output)).not.toBeNull();
    });

    it.each([true, false])("leaves what is shown of a closed model; signals: %s", async (has) => {
      const output = over("q7", has);
      await looks(0);
      close.abort();
      const later = place("q7");
      await settle();
      expect(text(later, "b")).toBe("transcript");
      tab(shown(output), "Timeline").click();
      await settle();
      expect(shown(output).dataset.view).toBe("timeline");
      output.remove();
      await looks(4);
      expect(await isAlive(output, "2")).toBe(false);
      expect(said()).toBe(0);
    });

    it("lets go of a model that is closed, though the page does not change", async () => {
      const page = () =>
        (globalThis as { [key: symbol]: { looks: Set<unknown> } | undefined })[
          Symbol.for("nbstream.places.2")
        ]!;
      open({ _place: "q8" });
      await looks(2);
      expect(page().looks.size).toBe(1);
      close.abort();
      await looks(2);
      expect(page().looks.size).toBe(0);
    });
  });

  it("is told by the manager whether the kernel hears it", async () => {
    const unheard = async (offered: object) => {
      setManager(offered);
      const view = open({ _interrupt: "press I, I" })();
      model.receive(frame(0, start(), chunks("a")));
      await settle();
      button(view, "Stop").click();
      await settle();
      const said = text(view, ".nbs-note");
      return (
        said === "The kernel is too busy to hear this page. To stop, interrupt it: press I, I."
      );
    };
    const busy = { status: "busy" };
    const subshells = { supportsSubshells: true, commsOverSubshells: "per_comm_target" };
    expect(await unheard({ kernel: busy })).toBe(true);
    expect(await unheard({ kernel: { status: "idle" } })).toBe(false);
    expect(await unheard({ kernel: { ...busy, ...subshells } })).toBe(false);
    const off = { ...subshells, commsOverSubshells: "disabled" };
    expect(await unheard({ kernel: { ...busy, ...off } })).toBe(true);
    expect(await unheard({ notebook: { kernel_busy: true } })).toBe(true);
    expect(await unheard({ notebook: { kernel_busy: false } })).toBe(false);
  });

  it("keeps its transcript in the file of Notebook 6, too, which takes no more methods", () => {
    document.body.removeAttribute("data-jp-theme-name");
    document.body.classList.add("notebook_app");
    const outputs = [{ data: widget("other") }, { data: widget("here") }];
    class Classic {
      get_cells = () => [{}, { output_area: { outputs } }];
      toJSON() {
        return { cells: [{ outputs: outputs.map((one) => ({ ...one })) }] };
      }
    }
    const notebook = Object.preventExtensions(new Classic());
    setManager({ notebook });
    open();
    expect(model.sent).toEqual([{ type: "hello" }]);
    model.receive(frame(0, start(), chunks("so far")));
    const [other, own] = notebook.toJSON().cells[0]!.outputs;
    expect(other!.data).toEqual(widget("other"));
    expect(own!.data).toMatchObject({ "text/plain": "so far" });
    expect(WIDGET in own!.data).toBe(false);
    const answer = { "text/plain": "so far and further" };
    model.receive({ type: "bundle", data: answer, metadata: {} });
    expect(outputs.map(({ data }) => data)).toEqual([widget("other"), answer]);
    document.body.classList.remove("notebook_app");
  });
});

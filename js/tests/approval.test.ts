import { describe, expect, it, vi } from "vitest";
import type { Json } from "../src/protocol";
import { createTranscript } from "../src/reading/view";
import { Store } from "../src/store";

const ASKED = { name: "delete", args: { path: "a" }, id: "c1", type: "tool_call" };

function opened() {
  const sent: object[] = [];
  const store = new Store((message) => sent.push(message));
  const view = createTranscript({ store, manager: () => null, isAsked: false });
  // Right after it has read a log it waits with the next look.
  const draw = () => {
    while (view.update());
  };
  let seq = 0;
  const take = (...items: object[]) => {
    store.take({ type: "frame", seq, items } as never);
    seq += items.length;
    draw();
  };
  const told = (verdict: string, more: object = {}) => ({
    ...{ kind: "custom", at: 2, run: 1, name: "tool_approval" },
    data: { verdict, ...more } as Json,
  });
  take(
    {
      kind: "start",
      at: 0,
      run: 0,
      id: "r0",
      parent: null,
      type: "chain",
      name: "agent",
      model: null,
    },
    {
      ...{ kind: "start", at: 1, run: 1, id: "r1", parent: 0, type: "tool", name: "delete" },
      ...{ model: null, input: ASKED },
    },
    told("wait", { args: { path: "a" } }),
  );
  document.body.replaceChildren(view.el);
  const find = <T extends HTMLElement>(css: string) => view.el.querySelector<T>(css)!;
  const press = (name: string) => {
    const all = [...view.el.querySelectorAll("button")];
    all.find((one) => one.textContent === name && !one.hidden)!.click();
  };
  return { store, draw, sent, take, told, find, press };
}

describe("a call that waits for approval", () => {
  it("is asked about, by its name and in a group", () => {
    const { find } = opened();
    expect(find(".nbs-tr-call").dataset.doing).toBe("approval");
    expect(find(".nbs-tr-question").textContent).toBe("Allow this call of delete?");
    expect(find(".nbs-tr-approval").getAttribute("role")).toBe("group");
  });

  it.each([
    ["Allow", "allow"],
    ["Don’t allow", "deny"],
  ])("%s is sent once", (name, verdict) => {
    const { sent, press } = opened();
    press(name);
    press(name);
    expect(sent).toEqual([{ type: "approve", run: "r1", verdict, args: null }]);
  });

  it("has its arguments edited, which must be an object", () => {
    const { sent, press, find } = opened();
    press("Edit…");
    const text = find<HTMLTextAreaElement>("textarea");
    expect(document.activeElement).toBe(text);
    expect(JSON.parse(text.value)).toEqual({ path: "a" });
    text.value = "[1]";
    press("Allow as edited");
    expect(sent).toEqual([]);
    text.value = '{"path": "b"}';
    press("Allow as edited");
    expect(sent).toEqual([{ type: "approve", run: "r1", verdict: "edit", args: { path: "b" } }]);
  });

  it("is answered anew when Python could not take the answer", () => {
    const { store, draw, sent, press } = opened();
    press("Allow");
    store.say({ type: "problem", text: "No." });
    draw();
    press("Don’t allow");
    expect(sent).toHaveLength(2);
  });

  it("is answered anew when no word comes of it", () => {
    vi.useFakeTimers();
    try {
      const { sent, press, find } = opened();
      press("Allow");
      vi.runOnlyPendingTimers();
      expect(find(".nbs-tr-approval .nbs-tr-note").textContent).toContain("Give it again");
      press("Allow");
      expect(sent).toHaveLength(2);
    } finally {
      vi.useRealTimers();
    }
  });

  it("is left by Escape without an answer", () => {
    const { press, find, sent } = opened();
    press("Edit…");
    const pressed = new KeyboardEvent("keydown", { key: "Escape", bubbles: true });
    find("textarea").dispatchEvent(pressed);
    expect(find("textarea").hidden).toBe(true);
    expect(document.activeElement!.textContent).toBe("Edit…");
    expect(sent).toEqual([]);
  });

  it("says that the kernel hears it later, where that is busy", () => {
    const { store, press, find } = opened();
    store.isDeaf = () => true;
    press("Allow");
    expect(find(".nbs-tr-approval .nbs-tr-note").textContent).toContain("when its cell is done");
  });

  it.each([
    ["allow", "running", "Running"],
    ["deny", "running", "Running"],
  ])("goes when its answer is there: %s", (verdict, doing, word) => {
    const { take, told, find } = opened();
    take(told(verdict));
    expect(find(".nbs-tr-approval").hidden).toBe(true);
    expect(find(".nbs-tr-call").dataset.doing).toBe(doing);
    expect(find(".nbs-tr-word").textContent).toContain(word);
  });

  it("says that it was not allowed", () => {
    const { take, told, find } = opened();
    take(told("deny"), { kind: "end", at: 3, run: 1 });
    expect(find(".nbs-tr-call").dataset.doing).toBe("denied");
    expect(find(".nbs-tr-word").textContent).toContain("Not allowed");
  });

  it("cannot be answered when its kernel is gone", () => {
    const { store, draw, find } = opened();
    store.lose(true);
    draw();
    expect(find(".nbs-tr-approval").hidden).toBe(true);
  });
});

import { describe, expect, it, vi } from "vitest";
import type { ChatAnswer } from "../src/chat";
import { keyOf, provide } from "../src/modules";
import type { Traits } from "../src/protocol";
import { renderChat } from "../src/views/chat";
import { turnPages } from "../src/views/turns";
import { answer, asked, chat, item, leave, turn, URL } from "./conversation";
import { end, frame, press, settle, start } from "./helpers";

describe("the view", () => {
  const HOSTILE = '<img src=x onerror="window.hacked=1"><b>b</b> [x](javascript:alert(1))';
  const traits: Partial<Traits> = {
    view: "tokens",
    delimiter: "|",
    borders: "delimiter",
    heat: "none",
    price: {},
    max_height: "30em",
  };
  let root: HTMLElement;

  async function open(): Promise<void> {
    const model = { get: (name: string) => ({ ...traits, _model: HOSTILE })[name as "view"] };
    const el = document.createElement("div");
    document.body.append(el);
    renderChat({
      model: { on: () => {}, off: () => {}, ...model } as never,
      chat,
      el,
      signal: leave.signal,
    });
    root = el.querySelector<HTMLElement>(".nbs-chat")!;
    await settle();
  }

  const last = () => [...root.querySelectorAll<HTMLElement>(".nbs-turn")].at(-1)!;
  const found = (label: string) =>
    last().querySelector<HTMLButtonElement>(`[aria-label="${label}"]`)!;
  const place = () => last().querySelector(".nbs-switch-place")!.textContent;
  const area = () => last().querySelector<HTMLTextAreaElement>(".nbs-edit textarea")!;
  const focused = () => document.activeElement?.getAttribute("aria-label");

  async function take(...messages: ChatAnswer[]): Promise<void> {
    for (const message of messages) chat.take(message);
    await settle();
  }

  it("says that nothing has been said, and what to do", async () => {
    await open();
    expect(root.querySelector<HTMLElement>(".nbs-turns + .nbs-hint")!.hidden).toBe(false);
    expect(root.querySelector(".nbs-chat-usage")!.textContent).toBe("");
    expect(root.querySelector<HTMLButtonElement>("[aria-label='New conversation']")!.disabled).toBe(
      true,
    );
  });

  it("has one turn for each prompt, and its text is text", async () => {
    turn(0, null, { text: HOSTILE, images: [URL] });
    turn(1, 0);
    await open();
    expect(root.querySelectorAll(".nbs-turn")).toHaveLength(2);
    const [prompt] = root.querySelectorAll(".nbs-prompt-text");
    expect(prompt!.textContent).toBe(HOSTILE);
    expect(root.querySelector(".nbs-chat-model")!.textContent).toBe(HOSTILE);
    expect(root.querySelector("b")).toBeNull();
    const images = [...root.querySelectorAll("img")].map((image) => image.getAttribute("src"));
    expect(images).toEqual([URL]);
    expect(root.querySelector(".nbs-chat-usage")!.textContent).toMatch(/^2 turns/);
  });

  it("shows each model run of an answer, and copies what all of them said", async () => {
    const inside = [start(1, { parent: 0, type: "chat_model", name: "first" })];
    const two = { text: ["Look.", "Answer."], run: [1, 2], gap: [0, 0] };
    const frames = [
      frame(0, start(0, { type: "chain", name: "agent" }), ...inside),
      frame(2, start(2, { parent: 0, type: "chat_model", name: "second" })),
      frame(3, { kind: "chunks", at: 500, ...two }, end({ run: 2 }), end({ run: 1 }), end()),
    ];
    provide(keyOf("turns"), "");
    Object.assign(globalThis, { nbstreamTested: { turnPages } });
    vi.spyOn(globalThis.URL, "createObjectURL").mockReturnValue(
      "data:text/javascript,export const { turnPages } = globalThis.nbstreamTested",
    );
    turn(0, null, { frames });
    await open();
    const heads = () => [...last().querySelectorAll(".nbs-parts:not([hidden]) .nbs-part-name")];
    await vi.waitFor(() => {
      expect(heads().map((one) => one.textContent)).toEqual(["first", "second"]);
    });
    const write = vi.spyOn(navigator.clipboard, "writeText").mockResolvedValue();
    root.querySelector<HTMLButtonElement>("[aria-label='Copy the conversation']")!.click();
    expect(write.mock.calls[0]![0]).toContain("Look.\n\nAnswer.");
  });

  it("has a switch where there are branches", async () => {
    turn(0, null);
    await open();
    expect(last().querySelector<HTMLElement>(".nbs-switch")!.hidden).toBe(true);
    await take({ type: "turn", turn: item(1, null) });
    expect(root.querySelectorAll(".nbs-turn")).toHaveLength(1);
    expect(place()).toBe("2/2");
    expect(found("Next version").disabled).toBe(true);
    found("Previous version").click();
    expect(asked).toEqual([{ type: "switch", turn: 0 }]);
    await take({ type: "leaf", turn: 0 });
    expect(place()).toBe("1/2");
    expect(found("Previous version").disabled).toBe(true);
    expect(found("Next version").disabled).toBe(false);
  });

  it("lets nothing be changed while an answer is under way", async () => {
    turn(0, null);
    await open();
    await take({ type: "turn", turn: item(1, null, { frames: [] }) });
    expect(found("Ask again").hidden).toBe(true);
    expect(found("Edit prompt").disabled).toBe(true);
    expect(found("Previous version").disabled).toBe(true);
    chat.turns.get(1)!.store.take(answer("a"));
    await settle();
    expect(found("Ask again").hidden).toBe(false);
    found("Ask again").click();
    expect(asked).toEqual([{ type: "retry", turn: 1 }]);
  });

  it("sends another prompt in a turn's place", async () => {
    turn(0, null);
    await open();
    found("Edit prompt").click();
    expect(document.activeElement).toBe(area());
    expect(area().value).toBe("prompt 0");
    expect(press(area(), "Enter", { shiftKey: true }).defaultPrevented).toBe(false);
    area().value = "another";
    for (const key of [{ isComposing: true }, { keyCode: 229 }]) {
      expect(press(area(), "Enter", key).defaultPrevented).toBe(false);
      press(area(), "Escape", key);
    }
    expect(asked).toEqual([]);
    press(area(), "Enter");
    expect(asked).toEqual([{ type: "edit", turn: 0, text: "another" }]);
    expect(area()).toBeNull();
  });

  it("leaves the prompt as it was on Escape and on Cancel", async () => {
    turn(0, null);
    await open();
    for (const close of [
      () => press(area(), "Escape"),
      () => last().querySelector<HTMLButtonElement>(".nbs-edit [type=button]")!.click(),
    ]) {
      found("Edit prompt").click();
      expect(last().querySelectorAll(".nbs-edit")).toHaveLength(1);
      area().value = "never";
      close();
      expect(area()).toBeNull();
      expect(last().querySelector(".nbs-prompt-text")!.textContent).toBe("prompt 0");
      expect(focused()).toBe("Edit prompt");
    }
    expect(asked).toEqual([]);
  });

  it("does not send an empty prompt in a turn's place", async () => {
    turn(0, null);
    await open();
    found("Edit prompt").click();
    area().value = " ";
    press(area(), "Enter");
    expect(asked).toEqual([]);
  });

  it("says that the kernel is gone, and lets what was written be copied", async () => {
    turn(0, null, { frames: [] });
    await open();
    const box = root.querySelector<HTMLTextAreaElement>(".nbs-composer textarea")!;
    box.value = "being written";
    box.dispatchEvent(new Event("input"));
    chat.lose(true);
    await settle();
    expect(last().querySelector<HTMLElement>(".nbstream")!.dataset.status).toBe("gone");
    expect(root.querySelector(".nbs-composer .nbs-problem")!.textContent).toContain("gone");
    const composer = [...root.querySelectorAll<HTMLButtonElement>(".nbs-composer .nbs-button")];
    expect(composer.map((one) => one.hidden || one.disabled)).toEqual([true, true, true]);
    expect([box.readOnly, box.value]).toEqual([true, "being written"]);
    for (const name of ["Edit prompt", "Ask again"]) {
      expect(found(name).disabled || found(name).hidden).toBe(true);
    }
  });

  it("lets the views of turns go that the conversation has no more", async () => {
    turn(0, null);
    turn(1, 0);
    await open();
    const gone = last().querySelector<HTMLElement>(".nbstream")!;
    const { store } = chat.turns.get(1)!;
    await take({ type: "tree", turns: [{ id: 0, parent: null }], leaf: 0 });
    expect(root.querySelectorAll(".nbs-turn")).toHaveLength(1);
    document.body.append(gone); // were it there, it would follow
    store.say({ type: "notice", text: "news" });
    await settle();
    expect(gone.querySelector(".nbs-notice")!.textContent).toBe("");
  });

  it("clears by asking Python", async () => {
    turn(0, null);
    await open();
    root.querySelector<HTMLButtonElement>("[aria-label='New conversation']")!.click();
    expect(asked).toEqual([{ type: "clear" }]);
    expect(focused()).toBe("Message");
    await take({ type: "cleared" });
    expect(root.querySelectorAll(".nbs-turn")).toHaveLength(0);
  });

  describe("when the notebook draws its output anew", () => {
    async function redraw(): Promise<void> {
      root.parentElement!.remove();
      (document.activeElement as HTMLElement | null)?.blur?.();
      await open();
    }

    it("gives the keyboard back to the message, where it was in it", async () => {
      turn(0, null);
      await open();
      const box = root.querySelector<HTMLTextAreaElement>(".nbs-composer textarea")!;
      box.focus();
      box.value = "being written";
      box.dispatchEvent(new Event("input"));
      box.setSelectionRange(2, 5);
      await redraw();
      const again = root.querySelector<HTMLTextAreaElement>(".nbs-composer textarea")!;
      expect(again).not.toBe(box);
      expect(document.activeElement).toBe(again);
      expect([again.value, again.selectionStart, again.selectionEnd]).toEqual([
        "being written",
        2,
        5,
      ]);
    });

    it("gives it back each time", async () => {
      turn(0, null);
      await open();
      root.querySelector<HTMLElement>(".nbs-composer textarea")!.focus();
      for (let time = 0; time < 3; time++) {
        await redraw();
        await new Promise((resolve) => setTimeout(resolve, 5));
        expect(focused()).toBe("Message");
      }
    });

    it("gives it back to a turn's button", async () => {
      turn(0, null);
      turn(1, 0);
      await open();
      found("Ask again").focus();
      await redraw();
      expect(document.activeElement).toBe(found("Ask again"));
    });

    it("keeps a prompt that is being edited", async () => {
      turn(0, null);
      await open();
      found("Edit prompt").click();
      area().value = "half of it";
      area().dispatchEvent(new Event("input"));
      await redraw();
      expect(area().value).toBe("half of it");
      expect(document.activeElement).toBe(area());
    });

    it("does not take the keyboard from where it has gone since", async () => {
      turn(0, null);
      await open();
      root.querySelector<HTMLElement>(".nbs-composer textarea")!.focus();
      const elsewhere = document.createElement("input");
      document.body.append(elsewhere);
      elsewhere.focus();
      root.parentElement!.remove();
      await open();
      expect(document.activeElement).toBe(elsewhere);
    });

    it("does not take it either when the reader had left for nowhere", async () => {
      turn(0, null);
      await open();
      const box = root.querySelector<HTMLElement>(".nbs-composer textarea")!;
      box.focus();
      box.blur();
      await new Promise((resolve) => setTimeout(resolve, 5));
      await redraw();
      expect(document.activeElement).toBe(document.body);
    });
  });

  it("hands the keyboard on when its button goes", async () => {
    turn(0, null);
    turn(1, null);
    await open();
    found("Previous version").focus();
    await take({ type: "leaf", turn: 0 });
    expect(document.activeElement).toBe(found("Next version"));
    found("Ask again").focus();
    await take({ type: "turn", turn: item(2, null, { frames: [] }) });
    expect(focused()).toBe("Message");
  });
});

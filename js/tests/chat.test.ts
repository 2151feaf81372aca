import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type ChatAnswer, type ChatRequest, ChatStore, type TurnItem } from "../src/chat";
import type { Frame, Request, Traits } from "../src/protocol";
import { renderChat } from "../src/views/chat";
import { Composer } from "../src/views/composer";
import { chunks, end, frame, press, settle, start } from "./helpers";

const URL = "data:image/png;base64,iVBORw0KGgo=";

type Asked = (Request | ChatRequest) & { turn?: number };

let asked: Asked[];
let chat: ChatStore;
let leave: AbortController;

function answer(...text: string[]): Frame {
  return frame(0, start(), chunks(...text), end());
}

function item(id: number, parent: number | null, more: Partial<TurnItem> = {}): TurnItem {
  return {
    id,
    parent,
    text: `prompt ${id}`,
    images: [],
    frames: [answer(`answer ${id}`)],
    ...more,
  };
}

/** Let Python say that a turn has begun; without frames it is under way. */
function turn(id: number, parent: number | null, more: Partial<TurnItem> = {}): void {
  chat.take({ type: "turn", turn: item(id, parent, more) });
}

function texts(): string[] {
  return chat.path.map(({ text }) => text);
}

beforeEach(() => {
  asked = [];
  chat = new ChatStore((message) => asked.push(message));
  leave = new AbortController();
});

// A view that is left looks at its clock once more.
afterAll(() => new Promise((resolve) => setTimeout(resolve, 400)));

afterEach(() => {
  leave.abort();
  document.body.replaceChildren();
  vi.useRealTimers();
});

describe("the store", () => {
  it("keeps turns as a tree, of which one branch is on show", () => {
    turn(0, null);
    turn(1, 0);
    turn(2, 0);
    expect(texts()).toEqual(["prompt 0", "prompt 2"]);
    chat.take({ type: "leaf", turn: 1 });
    expect(texts()).toEqual(["prompt 0", "prompt 1"]);
    expect(chat.alternatives(chat.turns.get(1)!).map(({ id }) => id)).toEqual([1, 2]);
    expect(chat.alternatives(chat.turns.get(0)!).map(({ id }) => id)).toEqual([0]);
    chat.take({ type: "leaf", turn: null });
    expect(texts()).toEqual([]);
  });

  it("has the same turn once, whatever comes twice", () => {
    turn(0, null);
    turn(0, null, { text: "another" });
    expect(texts()).toEqual(["prompt 0"]);
    expect(chat.saved.turns).toHaveLength(1);
  });

  it("ends a path whose beginning it lacks", () => {
    turn(5, 4);
    expect(texts()).toEqual(["prompt 5"]);
  });

  it("is the same again when it is opened from what was saved", () => {
    turn(0, null, { images: [URL] });
    turn(1, 0);
    turn(2, null);
    chat.take({ type: "leaf", turn: 1 });
    chat.turns.get(1)?.store.take(frame(3, start(1)));
    const saved = JSON.parse(JSON.stringify(chat.saved));
    const again = new ChatStore(() => {});
    again.open(saved);
    expect(again.path.map(({ id, text, images }) => [id, text, images])).toEqual([
      [0, "prompt 0", [URL]],
      [1, "prompt 1", []],
    ]);
    expect(again.turns.size).toBe(3);
    expect(again.turns.get(0)?.store.live.runs[0]?.texts).toEqual(["answer 0"]);
    expect(again.turns.get(1)?.store.live.runs).toHaveLength(2);
    expect(JSON.parse(JSON.stringify(again.saved))).toEqual(saved);
  });

  it.each([{}, { type: "chat" }, { type: "log", frames: [], turns: [item(0, null)], leaf: 0 }])(
    "opens %j as nothing",
    (log) => {
      chat.open(log);
      expect(chat.path).toEqual([]);
      expect(chat.isRunning).toBe(false);
    },
  );

  it("forgets all when it is cleared", () => {
    turn(0, null);
    chat.take({ type: "cleared" });
    expect(chat.path).toEqual([]);
    expect(chat.saved).toEqual({ type: "chat", turns: [], leaf: null });
    turn(0, null, { text: "anew" });
    expect(texts()).toEqual(["anew"]);
  });

  it("says whether the turn on show is under way, not another", () => {
    turn(0, null);
    expect(chat.isRunning).toBe(false);
    turn(1, 0, { frames: [] });
    expect(chat.isRunning).toBe(true);
    chat.take({ type: "leaf", turn: 0 });
    expect(chat.isRunning).toBe(false);
  });

  it("lets each turn's store ask for its own turn", () => {
    turn(3, null, { frames: [] });
    chat.turns.get(3)?.store.take(frame(7, chunks("x")));
    expect(asked).toEqual([{ turn: 3, type: "resync", seq: 0 }]);
  });

  it("keeps a problem until something else is asked for", () => {
    const heard = vi.fn();
    chat.subscribe(heard, leave.signal);
    chat.take({ type: "problem", text: "No." });
    expect(chat.problem).toBe("No.");
    expect(heard).toHaveBeenCalledTimes(1);
    chat.ask({ type: "clear" });
    expect(chat.problem).toBe("");
    leave.abort();
    chat.ask({ type: "clear" });
    expect(heard).toHaveBeenCalledTimes(2);
  });

  it("adds up the tokens of all turns, also those not on show", () => {
    const usage_metadata = { input_tokens: 5, output_tokens: 7 };
    const done = end({ message: { type: "AIMessageChunk", usage_metadata } });
    for (const id of [0, 1]) turn(id, null, { frames: [frame(0, start(), chunks("a"), done)] });
    expect(chat.usage).toEqual({ input: 10, output: 14 });
  });
});

describe("the composer", () => {
  let composer: Composer;
  let area: HTMLTextAreaElement;

  function open(): void {
    composer = new Composer(chat);
    area = composer.el.querySelector("textarea")!;
    document.body.append(composer.el);
    chat.subscribe(() => composer.update(), leave.signal);
    composer.update();
  }

  function write(text: string): void {
    area.value = text;
    area.dispatchEvent(new Event("input"));
  }

  function button(label: string): HTMLButtonElement {
    return composer.el.querySelector(`[aria-label="${label}"]`)!;
  }

  function attach(...files: File[]): void {
    const input = composer.el.querySelector<HTMLInputElement>("input[type=file]")!;
    Object.defineProperty(input, "files", { value: files, configurable: true });
    input.dispatchEvent(new Event("change"));
  }

  const problem = () => composer.el.querySelector(".nbs-problem")!.textContent;
  const thumbs = () => [...composer.el.querySelectorAll<HTMLElement>(".nbs-thumb-button")];

  beforeEach(() => open());

  it("sends on Enter, once, and forgets the text when Python has it", () => {
    write(" Hello ");
    expect(press(area, "Enter").defaultPrevented).toBe(true);
    press(area, "Enter");
    expect(asked).toEqual([{ type: "send", text: " Hello ", images: [] }]);
    expect(area.value).toBe(" Hello ");
    turn(0, null, { text: " Hello ", frames: [] });
    expect(area.value).toBe("");
    expect(chat.draft.text).toBe("");
  });

  it("forgets it also when the answer is over at once", () => {
    write("Hello");
    press(area, "Enter");
    turn(0, null, { text: "Hello" });
    expect(area.value).toBe("");
  });

  it.each([{ shiftKey: true }, { ctrlKey: true }, { altKey: true }, { metaKey: true }])(
    "leaves Enter with %j to the box",
    (key) => {
      write("Hello");
      expect(press(area, "Enter", key).defaultPrevented).toBe(false);
      expect(asked).toEqual([]);
    },
  );

  it("does not send what is still being composed", () => {
    write("に");
    press(area, "Enter", { isComposing: true });
    expect(asked).toEqual([]);
  });

  it("keeps the notebook from taking new lines and undo from the box", () => {
    const taken = vi.fn((event: Event) => event.preventDefault());
    area.addEventListener("beforeinput", taken);
    const event = new InputEvent("beforeinput", { inputType: "insertLineBreak", cancelable: true });
    area.dispatchEvent(event);
    expect(taken).not.toHaveBeenCalled();
    expect(event.defaultPrevented).toBe(false);
    expect(area.hasAttribute("data-lm-suppress-shortcuts")).toBe(true);
  });

  it.each(["", "  \n "])("does not send %j", (text) => {
    write(text);
    press(area, "Enter");
    composer.el.requestSubmit();
    expect(asked).toEqual([]);
    expect(button("Send").disabled).toBe(true);
  });

  it("does not send while an answer is under way, and has Stop instead", () => {
    turn(0, null, { frames: [] });
    write("more");
    press(area, "Enter");
    expect(asked).toEqual([]);
    expect(button("Send").hidden).toBe(true);
    button("Stop").click();
    expect(asked).toEqual([{ type: "stop" }]);
    expect(document.activeElement).toBe(area);
    chat.turns.get(0)?.store.take(answer("a"));
    expect(button("Stop").hidden).toBe(true);
    expect(area.value).toBe("more");
  });

  it("keeps the text where Python has a problem with it", () => {
    write("Hello");
    press(area, "Enter");
    chat.take({ type: "problem", text: "An answer is still <b>under way</b>." });
    expect(area.value).toBe("Hello");
    expect(problem()).toBe("An answer is still <b>under way</b>.");
    expect(composer.el.querySelector("b")).toBeNull();
    press(area, "Enter");
    expect(asked).toHaveLength(2);
    expect(problem()).toBe("");
  });

  it("keeps the text where another prompt was faster", () => {
    write("Hello");
    press(area, "Enter");
    turn(0, null, { text: "from a cell" });
    expect(area.value).toBe("Hello");
  });

  it("says so when nobody answers, and lets the reader try again", () => {
    vi.useFakeTimers();
    write("Hello");
    press(area, "Enter");
    vi.advanceTimersByTime(4_900);
    expect(problem()).toBe("");
    vi.advanceTimersByTime(200);
    expect(problem()).toMatch(/^The kernel does not answer/);
    expect(area.value).toBe("Hello");
    press(area, "Enter");
    expect(asked).toHaveLength(2);
    turn(0, null, { text: "Hello" });
    vi.advanceTimersByTime(9_000);
    expect(problem()).toBe("");
  });

  it("brings back what was said, and what was being written", () => {
    turn(0, null);
    turn(1, 0);
    write("draft");
    area.setSelectionRange(5, 5);
    expect(press(area, "ArrowUp").defaultPrevented).toBe(false);
    area.setSelectionRange(0, 0);
    const seen = ["ArrowUp", "ArrowUp", "ArrowUp", "ArrowDown", "ArrowDown", "ArrowDown"].map(
      (key) => {
        press(area, key);
        return area.value;
      },
    );
    expect(seen).toEqual(["prompt 1", "prompt 0", "prompt 0", "prompt 1", "draft", "draft"]);
  });

  it("can send what it has brought back", () => {
    turn(0, null);
    press(area, "ArrowUp");
    expect(button("Send").disabled).toBe(false);
    press(area, "Enter");
    expect(asked).toEqual([{ type: "send", text: "prompt 0", images: [] }]);
  });

  it("hands the draft to the composer that takes its place", async () => {
    write("half a");
    attach(new File(["x"], "a.png", { type: "image/png" }));
    await vi.waitFor(() => expect(thumbs()).toHaveLength(1));
    composer.el.remove();
    open();
    expect(area.value).toBe("half a");
    expect(thumbs()).toHaveLength(1);
    expect(button("Send").disabled).toBe(false);
  });

  it("takes images, shows them, and leaves out those that are pressed", async () => {
    attach(
      new File(["x"], "a.png", { type: "image/png" }),
      new File(["y"], "b.gif", { type: "image/gif" }),
    );
    await vi.waitFor(() => expect(thumbs()).toHaveLength(2));
    const [, second] = chat.draft.images;
    thumbs()[0]!.click();
    expect(chat.draft.images).toEqual([second]);
    expect(document.activeElement).toBe(area);
    press(area, "Enter");
    expect(asked).toEqual([{ type: "send", text: "", images: [second] }]);
    expect(second).toMatch(/^data:image\/(png|gif);base64,/);
    turn(0, null, { text: "" });
    expect(thumbs()).toHaveLength(0);
  });

  it("takes an image that is pasted", async () => {
    const event = new Event("paste");
    const files = [new File(["x"], "a.webp", { type: "image/webp" })];
    area.dispatchEvent(Object.assign(event, { clipboardData: { files } }));
    await vi.waitFor(() => expect(thumbs()).toHaveLength(1));
  });

  it.each([
    [new File(["<svg/>"], "a.svg", { type: "image/svg+xml" }), "a.svg is no PNG, JPEG"],
    [new File(["x"], "a.txt", { type: "text/plain" }), "a.txt is no PNG, JPEG"],
    [new File([new Uint8Array(5_000_001)], "b.png", { type: "image/png" }), "b.png is larger than"],
  ])("refuses %s", async (file, said) => {
    attach(file);
    expect(problem()).toContain(said);
    await settle();
    expect(thumbs()).toHaveLength(0);
    attach(new File(["x"], "a.png", { type: "image/png" }));
    expect(problem()).toBe("");
  });
});

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
    expect(root.querySelector<HTMLButtonElement>("[aria-label='Begin anew']")!.disabled).toBe(true);
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

  it("has a switch where there are branches", async () => {
    turn(0, null);
    await open();
    expect(last().querySelector<HTMLElement>(".nbs-switch")!.hidden).toBe(true);
    await take({ type: "turn", turn: item(1, null) });
    expect(root.querySelectorAll(".nbs-turn")).toHaveLength(1);
    expect(place()).toBe("2/2");
    expect(found("Branch after").disabled).toBe(true);
    found("Branch before").click();
    expect(asked).toEqual([{ type: "switch", turn: 0 }]);
    await take({ type: "leaf", turn: 0 });
    expect(place()).toBe("1/2");
    expect(found("Branch before").disabled).toBe(true);
    expect(found("Branch after").disabled).toBe(false);
  });

  it("lets nothing be changed while an answer is under way", async () => {
    turn(0, null);
    await open();
    await take({ type: "turn", turn: item(1, null, { frames: [] }) });
    expect(found("Ask again").hidden).toBe(true);
    expect(found("Edit and send again").disabled).toBe(true);
    expect(found("Branch before").disabled).toBe(true);
    chat.turns.get(1)!.store.take(answer("a"));
    await settle();
    expect(found("Ask again").hidden).toBe(false);
    found("Ask again").click();
    expect(asked).toEqual([{ type: "retry", turn: 1 }]);
  });

  it("sends another prompt in a turn's place", async () => {
    turn(0, null);
    await open();
    found("Edit and send again").click();
    expect(document.activeElement).toBe(area());
    expect(area().value).toBe("prompt 0");
    expect(press(area(), "Enter", { shiftKey: true }).defaultPrevented).toBe(false);
    area().value = "another";
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
      found("Edit and send again").click();
      expect(last().querySelectorAll(".nbs-edit")).toHaveLength(1);
      area().value = "never";
      close();
      expect(area()).toBeNull();
      expect(last().querySelector(".nbs-prompt-text")!.textContent).toBe("prompt 0");
      expect(focused()).toBe("Edit and send again");
    }
    expect(asked).toEqual([]);
  });

  it("does not send an empty prompt in a turn's place", async () => {
    turn(0, null);
    await open();
    found("Edit and send again").click();
    area().value = " ";
    press(area(), "Enter");
    expect(asked).toEqual([]);
  });

  it("clears by asking Python", async () => {
    turn(0, null);
    await open();
    root.querySelector<HTMLButtonElement>("[aria-label='Begin anew']")!.click();
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
      found("Edit and send again").click();
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
    found("Branch before").focus();
    await take({ type: "leaf", turn: 0 });
    expect(document.activeElement).toBe(found("Branch after"));
    found("Ask again").focus();
    await take({ type: "turn", turn: item(2, null, { frames: [] }) });
    expect(focused()).toBe("Message");
  });
});

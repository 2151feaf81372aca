import { beforeEach, describe, expect, it, vi } from "vitest";
import { Composer } from "../src/views/composer";
import { answer, asked, chat, leave, turn } from "./conversation";
import { press, settle } from "./helpers";

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
    // WebKit has ended the composition by then.
    press(area, "Enter", { keyCode: 229 });
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

/** Where the reader writes: Enter to send, Shift+Enter for a new line, ↑ brings back what was said. */

import type { ChatStore } from "../chat";
import { element, iconButton, on, setText } from "../dom";
import type { ImageUrl } from "../protocol";

const IMAGES = ["image/png", "image/jpeg", "image/gif", "image/webp"];
/** Bytes of one image, at most. */
const MOST = 5_000_000;

const PLACEHOLDER = "Enter to send, Shift+Enter for a new line";
const GONE = "The kernel is gone. To go on, run the cell again.";

/** A box to write in. */
export function writingArea(label: string, placeholder = ""): HTMLTextAreaElement {
  const area = element("textarea", {
    class: "nbs-input",
    // While somebody writes here, no key is the notebook's.
    "data-lm-suppress-shortcuts": "true",
    rows: "1",
    placeholder,
    "aria-label": label,
  });
  // JupyterLab does not know of that here: from the key on (and Shift is one) it waits at the box to
  // keep new lines out of it, and undo from it.
  const ours = (event: Event) => event.stopImmediatePropagation();
  area.addEventListener("beforeinput", ours, { capture: true });
  return area;
}

/** Whether a key belongs to an input method, as the Enter that confirms what it has composed does. */
export function isComposing(event: KeyboardEvent): boolean {
  // WebKit ends the composition before it tells of that key, and only its code says whose it is.
  return event.isComposing || event.keyCode === 229;
}

export class Composer {
  readonly el: HTMLFormElement;
  #chat: ChatStore;
  #area = writingArea("Message", PLACEHOLDER);
  #send = iconButton("Send", "nbs-send", "M8 13V3.5", "M4 7.5l4-4 4 4");
  #stop = iconButton("Stop", "nbs-stop", "M4.5 4.5h7v7h-7z");
  #attach = iconButton(
    "Attach an image",
    "",
    "M12.5 7.5l-4.6 4.6a3 3 0 01-4.2-4.2l5.3-5.3a2 2 0 012.8 2.8l-5.2 5.2a1 1 0 01-1.4-1.4l4.4-4.4",
  );
  #file = element("input", {
    type: "file",
    accept: IMAGES.join(","),
    multiple: "",
    hidden: "",
    "aria-label": "Image files",
  });
  #thumbs = element("div", { class: "nbs-thumbs" });
  #problem = element("div", { class: "nbs-problem", role: "alert" });
  #notice = element("div", { class: "nbs-notice", role: "status" });
  #thumbsOf: readonly ImageUrl[] = [];
  /** How far back ↑ has gone; 0 is what is being written. */
  #back = 0;
  #written = "";

  constructor(chat: ChatStore) {
    this.#chat = chat;
    this.#send.type = "submit";
    this.el = element(
      "form",
      { class: "nbs-composer" },
      this.#problem,
      this.#notice,
      this.#thumbs,
      element("div", { class: "nbs-compose" }, this.#attach, this.#area, this.#send, this.#stop),
      this.#file,
    );
    on(this.el, "submit", (event) => {
      event.preventDefault();
      chat.send();
      this.focus(); // the button goes
    });
    on(this.#area, "keydown", (event) => this.#key(event));
    on(this.#area, "input", () => {
      this.#back = 0;
      this.#chat.draft.text = this.#area.value;
      this.#grow();
      this.update();
    });
    on(this.#area, "paste", (event) => this.#take(event.clipboardData?.files));
    on(this.#stop, "click", () => {
      chat.stop();
      this.focus();
    });
    on(this.#attach, "click", () => this.#file.click());
    on(this.#file, "change", () => {
      this.#take(this.#file.files);
      this.#file.value = "";
    });
  }

  focus(): void {
    this.#area.focus();
  }

  update(): void {
    const { draft, isGone, isRunning, isStopping, notice, problem } = this.#chat;
    if (this.#area.value !== draft.text) this.#set(draft.text);
    if (this.#thumbsOf !== draft.images) this.#drawThumbs(draft.images);
    this.#stop.hidden = !isRunning;
    this.#send.hidden = isRunning;
    this.#stop.disabled = isStopping;
    this.#send.disabled = isGone || (!draft.text.trim() && draft.images.length === 0);
    // What was being written can still be read and copied.
    this.#area.readOnly = isGone;
    this.#attach.disabled = isGone;
    this.#area.placeholder = isGone ? GONE : PLACEHOLDER;
    setText(this.#problem, problem || (isGone && draft.text ? GONE : ""));
    setText(this.#notice, notice);
  }

  #key(event: KeyboardEvent): void {
    const isPlain = !event.shiftKey && !event.ctrlKey && !event.altKey && !event.metaKey;
    if (isComposing(event) || !isPlain) return;
    const prompts = this.#chat.path.map((turn) => turn.text);
    if (event.key === "Enter") this.#chat.send();
    else if (event.key === "ArrowUp" && this.#atStart && this.#back < prompts.length) {
      if (this.#back === 0) this.#written = this.#area.value;
      this.#back++;
      this.#recall(prompts);
    } else if (event.key === "ArrowDown" && this.#back > 0) {
      this.#back--;
      this.#recall(prompts);
    } else return;
    event.preventDefault();
  }

  get #atStart(): boolean {
    return this.#area.selectionStart === 0 || this.#back > 0;
  }

  #recall(prompts: readonly string[]): void {
    const back = this.#back;
    this.#set(back === 0 ? this.#written : prompts[prompts.length - back]!);
    this.#back = back;
    this.update();
  }

  #set(text: string): void {
    this.#area.value = text;
    this.#chat.draft.text = text;
    this.#back = 0;
    this.#grow();
  }

  #grow(): void {
    this.#area.style.height = "auto";
    this.#area.style.height = `${Math.min(this.#area.scrollHeight + 2, 200)}px`;
  }

  #take(files: FileList | null | undefined): void {
    if (files?.length) this.#chat.problem = "";
    for (const file of files ?? []) {
      if (!IMAGES.includes(file.type)) {
        this.#chat.problem = `${file.name} is no PNG, JPEG, GIF or WebP image.`;
      } else if (file.size > MOST) {
        this.#chat.problem = `${file.name} is larger than ${MOST / 1e6} MB.`;
      } else {
        const reader = new FileReader();
        reader.onload = () => this.#attached([...this.#images, reader.result as ImageUrl]);
        reader.readAsDataURL(file);
      }
    }
    this.update();
  }

  get #images(): ImageUrl[] {
    return this.#chat.draft.images;
  }

  #attached(images: ImageUrl[]): void {
    this.#chat.draft.images = images;
    // By now another view may stand in this one's place.
    this.#chat.notify();
    this.update();
  }

  #drawThumbs(images: readonly ImageUrl[]): void {
    this.#thumbsOf = images;
    const thumbs = images.map((src, i) => {
      const drop = element(
        "button",
        { type: "button", class: "nbs-thumb-button", title: "Leave it out" },
        element("img", { src, class: "nbs-thumb", alt: `Image ${i + 1}: press to leave it out` }),
      );
      on(drop, "click", () => {
        this.#attached(this.#images.filter((_, other) => other !== i));
        this.focus();
      });
      return drop;
    });
    this.#thumbs.replaceChildren(...thumbs);
  }
}

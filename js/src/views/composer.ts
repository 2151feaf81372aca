/** Where the reader writes: Enter sends, Shift+Enter begins a line, ↑ brings back what was said. */

import type { ChatStore } from "../chat";
import { element, iconButton, setText } from "../dom";
import type { ImageUrl } from "../protocol";

const IMAGES = ["image/png", "image/jpeg", "image/gif", "image/webp"];
/** Bytes of one image, at most. */
const MOST = 5_000_000;

export class Composer {
  readonly el: HTMLFormElement;
  #chat: ChatStore;
  #area = element("textarea", {
    class: "nbs-input",
    // While somebody writes here, no key is the notebook's.
    "data-lm-suppress-shortcuts": "true",
    rows: "1",
    placeholder: "Write a message. Enter sends it, Shift+Enter begins a line.",
    "aria-label": "Message",
  });
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
  #images: ImageUrl[] = [];
  /** How far back ↑ has gone; 0 is what is being written. */
  #back = 0;
  #isSent = false;

  constructor(chat: ChatStore) {
    this.#chat = chat;
    this.#send.type = "submit";
    this.#area.value = chat.draft;
    this.el = element(
      "form",
      { class: "nbs-composer" },
      this.#problem,
      this.#thumbs,
      element("div", { class: "nbs-compose" }, this.#attach, this.#area, this.#send, this.#stop),
      this.#file,
    );
    this.el.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit();
    });
    this.#area.addEventListener("keydown", (event) => this.#key(event));
    this.#area.addEventListener("input", () => {
      this.#back = 0;
      this.#chat.draft = this.#area.value;
      this.#grow();
      this.update();
    });
    this.#area.addEventListener("paste", (event) => this.#take(event.clipboardData?.files));
    this.#stop.addEventListener("click", () => {
      chat.ask({ type: "stop" });
      this.focus();
    });
    this.#attach.addEventListener("click", () => this.#file.click());
    this.#file.addEventListener("change", () => {
      this.#take(this.#file.files);
      this.#file.value = "";
    });
  }

  focus(): void {
    this.#area.focus();
  }

  update(): void {
    const { isRunning } = this.#chat;
    this.#stop.hidden = !isRunning;
    this.#send.hidden = isRunning;
    this.#send.disabled = !this.#area.value.trim() && this.#images.length === 0;
    setText(this.#problem, this.#chat.problem);
    // Only when Python has the prompt is it safe to forget it here.
    if (this.#isSent && isRunning) {
      this.#isSent = false;
      this.#set("");
      this.#images = [];
      this.#drawThumbs();
    }
    if (this.#chat.problem) this.#isSent = false;
  }

  #submit(): void {
    const text = this.#area.value;
    if (this.#chat.isRunning || (!text.trim() && this.#images.length === 0)) return;
    this.#isSent = true;
    this.#chat.ask({ type: "send", text, images: this.#images });
  }

  #key(event: KeyboardEvent): void {
    const isPlain = !event.shiftKey && !event.ctrlKey && !event.altKey && !event.metaKey;
    if (event.isComposing || !isPlain) return;
    const prompts = this.#chat.path.map((turn) => turn.text);
    if (event.key === "Enter") this.#submit();
    else if (event.key === "ArrowUp" && this.#atStart && this.#back < prompts.length) {
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
    this.#set(back === 0 ? "" : prompts[prompts.length - back]!);
    this.#back = back;
  }

  #set(text: string): void {
    this.#area.value = text;
    this.#chat.draft = text;
    this.#back = 0;
    this.#grow();
  }

  #grow(): void {
    this.#area.style.height = "auto";
    this.#area.style.height = `${Math.min(this.#area.scrollHeight + 2, 200)}px`;
  }

  #take(files: FileList | null | undefined): void {
    for (const file of files ?? []) {
      if (!IMAGES.includes(file.type)) {
        this.#chat.problem = `${file.name} is no PNG, JPEG, GIF or WebP image.`;
      } else if (file.size > MOST) {
        this.#chat.problem = `${file.name} is larger than ${MOST / 1e6} MB.`;
      } else {
        const reader = new FileReader();
        reader.onload = () => {
          this.#images.push(reader.result as ImageUrl);
          this.#drawThumbs();
          this.update();
        };
        reader.readAsDataURL(file);
      }
    }
    this.update();
  }

  #drawThumbs(): void {
    const thumbs = this.#images.map((src, i) => {
      const drop = element(
        "button",
        { type: "button", class: "nbs-thumb-button", title: "Leave it out" },
        element("img", { src, class: "nbs-thumb", alt: `Image ${i + 1}: press to leave it out` }),
      );
      drop.addEventListener("click", () => {
        this.#images.splice(i, 1);
        this.#drawThumbs();
        this.update();
      });
      return drop;
    });
    this.#thumbs.replaceChildren(...thumbs);
  }
}

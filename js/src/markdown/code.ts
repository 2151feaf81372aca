/** A block of code: its language, a button that copies it, and the code. */

import { writeClipboard } from "../clipboard";
import { element } from "../dom";
import { highlight } from "./highlight";

/** Milliseconds for which the button says that it has done its work. */
const SAID_FOR = 1500;

export class CodeBlock {
  readonly el: HTMLElement;
  #text = document.createTextNode("");
  #code: HTMLElement;
  #language: string;

  constructor(language: string) {
    this.#language = language.toLowerCase();
    this.#code = element("code", {}, this.#text);
    this.el = element(
      "div",
      // Code runs from left to right whatever language its reader speaks.
      { class: "nbs-md-code", dir: "ltr" },
      element(
        "div",
        { class: "nbs-md-bar" },
        element("span", { class: "nbs-md-language" }, language),
        element("button", { type: "button", class: "nbs-md-copy", ...COPY }, "Copy"),
      ),
      element("pre", { tabindex: "0" }, this.#code),
    );
  }

  append(code: string): void {
    if (code !== "") this.#text.appendData(code);
  }

  /** There is no more to come. */
  close(): void {
    highlight(this.#code, this.#language);
  }
}

const COPY = { "aria-label": "Copy the code", title: "Copy the code" };

/** What a click on a block's button does. */
export async function copyFrom(button: HTMLElement): Promise<void> {
  const block = button.closest<HTMLElement>(".nbs-md-code");
  const code = block?.querySelector("code");
  if (!block || !code) return;
  await writeClipboard(code.textContent ?? "", block);
  button.textContent = "Copied";
  button.setAttribute("aria-label", "Copied");
  button.removeAttribute("title");
  setTimeout(() => {
    button.textContent = "Copy";
    for (const [name, value] of Object.entries(COPY)) button.setAttribute(name, value);
  }, SAID_FOR);
}

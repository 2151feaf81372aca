/** A block of code: its language, what can be done with it, and the code. */

import { writeClipboard } from "../clipboard";
import { element } from "../dom";
import { highlight } from "./highlight";

/** Longer code has numbers beside its lines once it is whole, */
const NUMBERED = 12;
/** up to here: nobody counts further. */
const MOST_NUMBERS = 10_000;

export class CodeBlock {
  readonly el: HTMLElement;
  #text = document.createTextNode("");
  #code: HTMLElement;
  #pre: HTMLElement;
  #language: string;

  constructor(language: string) {
    this.#language = language.toLowerCase();
    this.#code = element("code", {}, this.#text);
    this.#pre = element("pre", { tabindex: "0" }, this.#code);
    this.el = element(
      "div",
      // Code runs from left to right whatever language its reader speaks.
      { class: "nbs-md-code", dir: "ltr" },
      element(
        "div",
        { class: "nbs-md-bar" },
        element("span", { class: "nbs-md-language" }, language),
        tool("insert", "Insert", "Insert the code as a cell below"),
        tool("wrap", "Wrap", "Wrap long lines", { "aria-pressed": "false" }),
        tool("copy", "Copy", "Copy the code"),
      ),
      this.#pre,
    );
  }

  append(code: string): void {
    if (code !== "") this.#text.appendData(code);
  }

  /** There is no more to come. */
  close(): void {
    const count = this.#text.data.split("\n").length;
    if (count > NUMBERED && count <= MOST_NUMBERS) {
      // Drawn by CSS, so that they can be neither selected nor copied.
      const numbers = Array.from({ length: count }, (_, i) => i + 1);
      this.#pre.setAttribute("data-lines", numbers.join("\n"));
    }
    highlight(this.#code, this.#language);
  }
}

function tool(kind: string, word: string, title: string, more: Record<string, string> = {}) {
  const names = { type: "button", class: `nbs-md-tool nbs-md-${kind}` };
  return element("button", { ...names, "aria-label": title, title, ...more }, word);
}

/** The code that a button is about. */
export function codeOf(button: Element): string {
  return button.closest(".nbs-md-code")?.querySelector("code")?.textContent ?? "";
}

/** What a click on a block's button does. */
export async function copyFrom(button: HTMLElement): Promise<void> {
  const block = button.closest<HTMLElement>(".nbs-md-code");
  if (block) await writeClipboard(codeOf(button), block);
}

export function wrapLines(button: Element): void {
  const block = button.closest(".nbs-md-code");
  const isWrapped = block?.classList.toggle("nbs-md-wrapped") ?? false;
  button.setAttribute("aria-pressed", String(isWrapped));
}

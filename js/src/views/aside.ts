/** Thinking and tool calls, folding open where they stand in the text. */

import { element, on, setText } from "../dom";
import type { Aside, RunState } from "../state";
import { count } from "../words";

export class AsideElement {
  readonly el: HTMLDetailsElement;
  #title = element("span", { class: "nbs-aside-title" });
  #name = element("bdi", { class: "nbs-aside-name" });
  #size = element("span", { class: "nbs-aside-size" });
  #body = document.createTextNode("");
  #aside: Aside;
  #index = -1;
  #shown = 0;
  #isTouched = false;

  constructor(aside: Aside) {
    this.#aside = aside;
    const kind = aside.kind === "thinking" ? "nbs-thinking" : "nbs-call";
    const summary = element("summary", {}, this.#title, this.#name, this.#size);
    const body = element("div", { class: "nbs-aside-body" }, this.#body);
    this.el = element("details", { class: `nbs-aside ${kind}` }, summary, body);
    this.el.open = true;
    on(summary, "click", () => {
      this.#isTouched = true;
    });
  }

  /** Show what has come of it; `run` may be another state of the same run. */
  update(run: RunState): void {
    if (this.#index < 0) this.#index = run.asides.indexOf(this.#aside);
    const aside = run.asides[this.#index];
    if (!aside) return;
    if (this.#shown > aside.pieces.length) {
      this.#body.data = "";
      this.#shown = 0;
    }
    if (this.#shown < aside.pieces.length) {
      this.#body.appendData(aside.pieces.slice(this.#shown).join(""));
      this.#shown = aside.pieces.length;
    }
    const isLast = run.asides.at(-1) === aside && aside.at === run.texts.length;
    const isOpen = run.end === null && isLast;
    const [now, then] = aside.kind === "thinking" ? ["Thinking…", "Thought"] : ["Calling", "Calls"];
    setText(this.#title, isOpen ? now : then);
    setText(this.#name, aside.kind === "thinking" ? "" : (aside.name ?? "a tool"));
    setText(this.#size, count(this.#body.length, "character"));
    this.el.toggleAttribute("data-live", isOpen);
    // A thought is folded away when it is over; a call is what happens, and stays.
    if (!this.#isTouched && aside.kind === "thinking") this.el.open = isOpen;
  }
}

/**
 * Markdown that comes in pieces. What is finished is put on the page once and never touched again;
 * only the block that is being written is drawn anew.
 *
 * A module of its own, so that only those who look at Markdown load its libraries.
 */

import { element } from "../dom";
import { copyFrom } from "./code";
import { showPicture } from "./decorate";
import css from "./markdown.css" with { type: "text" };
import { Writer } from "./writer";

export interface MarkdownView {
  /** Add text that has come; cheap: nothing is parsed yet. */
  append(text: string): void;
  /**
   * Bring the page up to date. `finished`: no more text will come.
   * Returns true if more is to be done in a later frame (work per call is bounded to ~8 ms).
   */
  render(finished: boolean): boolean;
  /** Begin again with no text. */
  clear(): void;
}

const STYLE = "nbs-md-style";

if (!document.getElementById(STYLE)) {
  document.head.append(element("style", { id: STYLE }, css));
}

/** Write Markdown into an element, which should be empty and stay ours. */
export function createMarkdown(el: HTMLElement): MarkdownView {
  el.classList.add("nbs-md");
  el.addEventListener("click", (event) => {
    const button = event.target instanceof Element ? event.target.closest("button") : null;
    if (button?.classList.contains("nbs-md-copy")) {
      void copyFrom(button);
    } else if (button?.classList.contains("nbs-md-image")) {
      // It may stand in a link, which is not what was clicked.
      event.preventDefault();
      showPicture(button);
    }
  });
  let writer = new Writer(el);
  return {
    append: (text) => writer.append(text),
    render: (finished) => writer.render(finished),
    clear() {
      el.replaceChildren();
      writer = new Writer(el);
    },
  };
}

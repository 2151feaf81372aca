/**
 * Markdown that comes in pieces. What is finished is put on the page once and touched again only
 * where a definition that comes later makes a link of what was none; only the block that is being
 * written is drawn anew.
 *
 * A module of its own, so that only those who look at Markdown load its libraries.
 */

import { addStyle } from "../dom";
import { insertBelow } from "./cells";
import { codeOf, copyFrom, wrapLines } from "./code";
import { showNote, showPicture } from "./decorate";
import css from "./markdown.css" with { type: "text" };
import { say } from "./said";
import { copyTable } from "./table";
import { copyFormulas, type MathModule, Typesetter } from "./typeset";
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

/** What the page around it has. */
export interface Around {
  /** Load what sets formulas. */
  math(): Promise<MathModule>;
  /** Called when something has changed its size outside `render`. */
  changed(): void;
  /** JupyterLab's widget manager, where there is one. */
  manager(): unknown;
}

const NOWHERE: Around = {
  math: () => new Promise(() => {}),
  changed() {},
  manager: () => undefined,
};
const STYLE = "nbs-md-style";

addStyle(STYLE, css, document);

/** Write Markdown into an element, which should be empty and stay ours. */
export function createMarkdown(el: HTMLElement, around: Around = NOWHERE): MarkdownView {
  addStyle(STYLE, css, el.getRootNode());
  el.classList.add("nbs-md");
  const actions: Record<string, (button: HTMLElement, event: Event) => void> = {
    "nbs-md-copy": (button) => void copyFrom(button).then(() => say(button, "Copied")),
    "nbs-md-csv": (button) => void copyTable(button).then(() => say(button, "Copied")),
    "nbs-md-wrap": wrapLines,
    "nbs-md-insert": (button) => {
      const isDone = insertBelow(el, codeOf(button), around.manager());
      say(button, isDone ? "Inserted" : "No notebook");
    },
    "nbs-md-mark": (button) => showNote(button, el),
    "nbs-md-image": (button, event) => {
      // It may stand in a link, which is not what was clicked.
      event.preventDefault();
      showPicture(button);
    },
  };
  el.addEventListener("click", (event) => {
    const button = event.target instanceof Element ? event.target.closest("button") : null;
    for (const name of button?.classList ?? []) actions[name]?.(button!, event);
  });
  el.addEventListener("copy", (event) => copyFormulas(event, el));
  const typesetter = new Typesetter(around.math, around.changed);
  const begin = () => new Writer(el, (nodes) => typesetter.set(nodes));
  let writer = begin();
  return {
    append: (text) => writer.append(text),
    render: (finished) => writer.render(finished),
    clear() {
      el.replaceChildren();
      writer = begin();
    },
  };
}

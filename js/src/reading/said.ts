/** What a model said, as Markdown, with the marks of its sources. */

import { element } from "../dom";
import { load } from "../modules";
import type { RunState } from "../state";
import type { Store } from "../store";
import type { Drawn } from "../views/list";
import type { MarkdownModule } from "../views/markdown";
import type { Part, Said, Source } from "./parts";
import { ADDRESS } from "./written";

/** A source's mark, as Markdown. */
export function markOf(number: number, source: Source | undefined): string {
  const url = source?.url ?? "";
  // Not `\[`, which begins a formula.
  const mark = `&#91;${number}&#93;`;
  return ADDRESS.test(url) ? ` [${mark}](<${url}>)` : ` ${mark}`;
}

export interface SaidProps {
  store: Store;
  manager: () => unknown;
  /** The run as it is now. */
  run: () => RunState;
  sources: () => readonly Source[];
}

/** What shows Markdown, once it is here; asked for at the first text. */
let markdown: MarkdownModule | null = null;

export class SaidElement implements Drawn<Part> {
  readonly el = element("div", { class: "nbs-tr-said" });
  #props: SaidProps;
  #view: ReturnType<MarkdownModule["createMarkdown"]> | null = null;
  #plain = document.createTextNode("");
  #fed = 0;
  #marked = 0;
  #isDone = false;

  constructor(said: Said, props: SaidProps) {
    this.#props = props;
    this.#fed = said.begin;
    this.el.classList.add("nbs-md-plain");
    this.el.append(this.#plain);
    if (!markdown) this.#load();
  }

  update(part: Part): boolean {
    const { begin, end, marks } = part as Said;
    const run = this.#props.run();
    const isOver = run.end !== null || end < run.texts.length || hasMore(run, end);
    if (this.#fed > end || (markdown && !this.#view)) this.#clear(begin);
    if (this.#isDone && this.#fed === end && this.#marked === marks.length) return false;
    const text = this.#take(run, end, marks, isOver);
    if (!this.#view) {
      this.#plain.appendData(text);
      return false;
    }
    if (text) this.#view.append(text);
    const isMore = this.#view.render(isOver);
    this.#isDone = isOver && !isMore;
    return isMore;
  }

  /** The text that is new, and the marks in it. One at its end waits for what comes: it may move. */
  #take(run: RunState, end: number, marks: Said["marks"], isOver: boolean): string {
    const pieces: string[] = [];
    const upTo = (place: number) => {
      if (place > this.#fed) pieces.push(run.texts.slice(this.#fed, place).join(""));
      this.#fed = Math.max(this.#fed, place);
    };
    for (; this.#marked < marks.length; this.#marked++) {
      const [place, number] = marks[this.#marked]!;
      if (place >= end && !isOver) break;
      upTo(Math.min(place, end));
      pieces.push(markOf(number, this.#props.sources()[number - 1]));
    }
    upTo(end);
    return pieces.join("");
  }

  #clear(begin: number): void {
    this.#fed = begin;
    this.#marked = 0;
    this.#isDone = false;
    this.#plain.data = "";
    this.el.replaceChildren(...(markdown ? [] : [this.#plain]));
    this.el.classList.toggle("nbs-md-plain", !markdown);
    if (!markdown) return;
    const { store, manager } = this.#props;
    this.#view = markdown.createMarkdown(this.el.appendChild(element("div")), {
      math: () => load("math", () => store.askForModule("math")),
      changed: () => store.notify(),
      manager,
    });
  }

  #load(): void {
    const { store } = this.#props;
    load<MarkdownModule>("markdown", () => store.askForModule("markdown")).then(
      (module) => {
        markdown = module;
        store.notify();
      },
      () => {}, // where the page does not allow it, the text is shown as it is
    );
  }
}

/** Whether something else has come behind the text that ends here. */
function hasMore({ asides, blocks }: RunState, end: number): boolean {
  const last = blocks.at(-1);
  return asides.at(-1)?.at === end || (last?.at === end && last.kind !== "citation");
}

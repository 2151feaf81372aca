/** The text as Markdown, with what was thought and called in its place. */

import { element } from "../dom";
import { load } from "../modules";
import type { Setup } from "../setup";
import type { RunState } from "../state";
import type { Store } from "../store";
import { AsideElement } from "./aside";
import { Follower } from "./scroll";

/** What `src/markdown` offers; it comes as a module of its own. */
export interface MarkdownModule {
  createMarkdown(
    el: HTMLElement,
    around: { math(): Promise<unknown>; changed(): void; manager(): unknown },
  ): {
    append(text: string): void;
    render(finished: boolean): boolean;
  };
}

interface Part {
  view: ReturnType<MarkdownModule["createMarkdown"]>;
  /** Whether all of it is on the page. */
  isDone: boolean;
}

/** Milliseconds after which the reader is told that the module does not come. */
const PATIENCE = 4000;

export class MarkdownPanel {
  readonly el: HTMLElement;
  #store: Store;
  #manager: () => unknown;
  #module: MarkdownModule | null = null;
  #isAsked = false;
  #body = element("div", { class: "nbs-md-body" });
  #plain = document.createTextNode("");
  #note = element("p", { class: "nbs-md-note" });
  #parts: Part[] = [];
  #asides: AsideElement[] = [];
  #run: RunState | undefined;
  #fed = 0;
  #follower: Follower;

  /** @param manager gives the page's widget manager, which may know the notebook. */
  constructor(store: Store, setup: Setup, manager: () => unknown) {
    this.#store = store;
    this.#manager = manager;
    this.el = element(
      "div",
      {
        class: "nbs-markdown nbs-scroll",
        role: "region",
        "aria-label": "Answer as Markdown",
        tabindex: "0",
      },
      this.#note,
      this.#body,
    );
    this.#follower = new Follower(this.el, setup);
  }

  /** Whether it waits for the module. */
  get isPlain(): boolean {
    return !this.#module;
  }

  /** Bring it up to date. Returns whether there is more. */
  update(run: RunState | undefined): boolean {
    const texts = run?.texts ?? [];
    if (run !== this.#run) {
      if (run?.id !== this.#run?.id) this.#clear();
      this.#run = run;
    }
    if (this.#fed > texts.length || this.#asides.length > (run?.asides.length ?? 0)) this.#clear();
    if (!this.#module) return this.#updatePlain(run);
    if (!run) return false;
    for (const aside of this.#asides) aside.update(run);
    let next = run.asides[this.#asides.length];
    while (next || this.#fed < texts.length) {
      const end = Math.min(next?.at ?? texts.length, texts.length);
      if (end > this.#fed) this.#part().view.append(texts.slice(this.#fed, end).join(""));
      this.#fed = end;
      if (!next) break;
      const aside = new AsideElement(next);
      aside.update(run);
      this.#asides.push(aside);
      this.#body.append(aside.el);
      // The text after it is a part of its own.
      if (this.#parts.length > 0) this.#begin();
      next = run.asides[this.#asides.length];
    }
    let again = false;
    this.#parts.forEach((part, i) => {
      if (part.isDone) return;
      const isOver = i < this.#parts.length - 1 || run.end !== null;
      const more = part.view.render(isOver);
      part.isDone = isOver && !more;
      again ||= more;
    });
    return again;
  }

  /** Keep the end in sight. Returns whether to look again in the next frame. */
  follow(isMore: boolean): boolean {
    if (this.#follower.update() || isMore) return true;
    if (this.#module) this.#follower.placed();
    return false;
  }

  #part(): Part {
    if (this.#parts.length === 0) this.#begin();
    return this.#parts.at(-1)!;
  }

  #begin(): void {
    const el = element("div");
    this.#body.append(el);
    const view = this.#module!.createMarkdown(el, {
      math: () => load("math", () => this.#store.askForModule("math")),
      changed: () => this.#store.notify(),
      manager: this.#manager,
    });
    this.#parts.push({ view, isDone: false });
  }

  /** Show the text as it is until the module is here. */
  #updatePlain(run: RunState | undefined): boolean {
    if (!this.#isAsked) {
      this.#isAsked = true;
      this.#body.append(this.#plain);
      this.#body.classList.add("nbs-md-plain");
      load<MarkdownModule>("markdown", () => this.#store.askForModule("markdown")).then(
        (module) => {
          this.#module = module;
          this.#note.textContent = "";
          this.#body.classList.remove("nbs-md-plain");
          this.#clear();
          this.#store.notify();
        },
        () => this.#excuse("Markdown could not be loaded: this page does not allow it."),
      );
      setTimeout(() => {
        if (this.#module) return;
        this.#excuse("Markdown comes from the kernel, which does not answer: here is the text.");
      }, PATIENCE);
    }
    if (run && this.#fed < run.texts.length) {
      this.#plain.appendData(run.texts.slice(this.#fed).join(""));
      this.#fed = run.texts.length;
    }
    return false;
  }

  #excuse(words: string): void {
    this.#note.textContent = words;
  }

  #clear(): void {
    this.#plain.data = "";
    this.#body.replaceChildren(...(this.#module ? [] : [this.#plain]));
    this.#parts = [];
    this.#asides = [];
    this.#fed = 0;
  }
}

/** A token's alternatives to choose from: the model goes on from the one that is chosen. */

import { element, on, setText } from "../dom";
import type { BranchesAnswer, Odds } from "../protocol";
import { MOVED } from "../shown";
import type { RunState } from "../state";
import type { Store } from "../store";
import { place } from "../views/inspector";
import { bar, choices, inWords, visible } from "./bars";
import { oddsAt, teller } from "./of_run";

/** Milliseconds in which the kernel should have said whether there can be branches. */
const PATIENCE = 2500;
const ASKING = "Asking the kernel whether the model can go on from here…";
const READY = "Choose one, and the model goes on from there.";
const SILENT = "To go on from another one, run this with a kernel: none answers.";
const IN_CHAT = "To go on from another one, use show(): a conversation has branches of its own.";
const NO_ALTERNATIVES = "No alternatives: ask for them, as with ChatLocal(top_logprobs=5).";

export interface ChooserProps {
  store: Store;
  root: HTMLElement;
  isAsked: boolean;
  /** Called with the run that a branch was asked of. */
  branched(run: RunState): void;
}

export class Chooser {
  readonly el: HTMLElement;
  #props: ChooserProps;
  #head = element("div", { class: "nbs-odds-head" });
  #list = element("div", { role: "group", "aria-label": "Alternatives" });
  #note = element("div", { class: "nbs-odds-note", role: "status" });
  #run: RunState | undefined;
  #home: HTMLElement | null = null;
  #timer = 0;

  constructor(props: ChooserProps) {
    this.#props = props;
    const { root, store } = props;
    this.el = element(
      "div",
      {
        class: "nbs-card nbs-odds-chooser",
        role: "dialog",
        "aria-label": "What else might be here",
      },
      this.#head,
      this.#list,
      this.#note,
    );
    this.el.popover = "auto";
    this.el.hidden = true;
    root.append(this.el);
    store.heard.add((message) => this.#hear(message as Partial<BranchesAnswer>));
    root.addEventListener(MOVED, () => this.close());
    on(this.el, "toggle", (event) => {
      if ((event as ToggleEvent).newState === "closed") this.close();
    });
    on(this.el, "keydown", (event) => this.#onKey(event));
  }

  /** Show what a token might have been. */
  open(run: RunState, index: number, token: HTMLElement): void {
    const odds = oddsAt(run, index);
    if (odds.length === 0) return;
    const { store, isAsked } = this.#props;
    this.#run = teller(run);
    this.#home = document.activeElement as HTMLElement | null;
    setText(this.#head, `${visible(run.texts[index]!)}  ${odds.map(inWords).join("; ")}`);
    this.#list.replaceChildren(...odds.flatMap((one, part) => this.#rows(one, index, part)));
    this.el.hidden = false;
    this.el.showPopover?.();
    this.el.setAttribute("data-nbs-open", "");
    place(this.el, token, this.#props.root);
    const buttons = this.#buttons;
    (buttons[0] ?? this.el).focus();
    if (buttons.length === 0) this.#say(NO_ALTERNATIVES);
    else if (isAsked) this.#say(IN_CHAT);
    else if (store.isGone) this.#say(SILENT);
    else {
      this.#say(ASKING);
      clearTimeout(this.#timer);
      this.#timer = window.setTimeout(() => this.#say(SILENT), PATIENCE);
      store.request({ type: "branches", run: this.#run.id });
    }
  }

  close(): void {
    if (this.el.hidden) return;
    clearTimeout(this.#timer);
    const hadFocus = this.el.contains(document.activeElement);
    this.el.hidden = true;
    this.el.removeAttribute("data-nbs-open");
    this.el.hidePopover?.();
    if (hadFocus) this.#home?.focus({ preventScroll: true });
  }

  get #buttons(): HTMLButtonElement[] {
    return [...this.#list.querySelectorAll("button")];
  }

  #rows(odds: Odds, place: number, part: number): HTMLElement[] {
    return choices(odds).map(([token, logprob]) => {
      const isOwn = token === odds[0];
      const row = element(
        "button",
        { type: "button", class: "nbs-odds-row", "aria-disabled": "true" },
        ...bar(token, logprob, isOwn),
      );
      if (isOwn) row.setAttribute("aria-current", "true");
      else on(row, "click", () => this.#take(row, place, part, token));
      return row;
    });
  }

  #take(row: HTMLElement, place: number, part: number, token: string): void {
    const run = this.#run;
    if (!run || row.getAttribute("aria-disabled") === "true") return;
    this.close();
    this.#props.branched(run);
    this.#props.store.request({ type: "branch", run: run.id, place, part, token });
  }

  #hear({ type, run, why }: Partial<BranchesAnswer>): void {
    if (type !== "branches" || this.el.hidden || run !== this.#run?.id) return;
    clearTimeout(this.#timer);
    this.#say(typeof why === "string" && why ? why : READY);
    if (why) return;
    for (const row of this.#buttons) {
      if (!row.hasAttribute("aria-current")) row.removeAttribute("aria-disabled");
    }
  }

  #say(words: string): void {
    setText(this.#note, words);
  }

  #onKey(event: KeyboardEvent): void {
    const all = this.#buttons;
    const at = all.indexOf(document.activeElement as HTMLButtonElement);
    const to: { [key: string]: number } = {
      ArrowDown: (at + 1) % all.length,
      ArrowUp: (at - 1 + all.length) % all.length,
      Home: 0,
      End: all.length - 1,
    };
    if (event.key === "Escape" || event.key === "Tab") this.close();
    else if (event.key in to) all[to[event.key]!]?.focus();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }
}

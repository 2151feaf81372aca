/** The run as a conversation: what draws it is a module, which comes when there is one to read. */

import { element } from "../dom";
import { load } from "../modules";
import type { RunState } from "../state";
import type { Store } from "../store";

/** What `src/reading` offers. */
export interface TranscriptModule {
  createTranscript(props: TranscriptProps): TranscriptView;
  /** The conversation in Markdown; `isAsked` leaves the prompts out. */
  written(runs: readonly RunState[], isAsked?: boolean): string;
}

export interface TranscriptProps {
  store: Store;
  /** Gives the page's widget manager, which may know the notebook. */
  manager: () => unknown;
  /** Whether what was asked is on the page already. */
  isAsked: boolean;
}

export interface TranscriptView {
  readonly el: HTMLElement;
  update(): boolean;
  follow(isMore: boolean): boolean;
}

/** Milliseconds after which the reader is told that the module does not come. */
const PATIENCE = 4000;
const LATE = "The transcript comes from the kernel, which does not answer: see the other views.";
const REFUSED = "The transcript could not be loaded: this page does not allow it.";

export class TranscriptPage {
  readonly el = element("div");
  #props: TranscriptProps;
  #view: TranscriptView | null = null;
  #isAsked = false;

  constructor(props: TranscriptProps) {
    this.#props = props;
  }

  /** Whether it can be shown. */
  get isReady(): boolean {
    return this.#view !== null;
  }

  /** Ask for what draws it. */
  ask(): void {
    if (this.#isAsked) return;
    this.#isAsked = true;
    const { store } = this.#props;
    const say = (words: string) => {
      if (!this.#view) this.el.replaceChildren(element("p", { class: "nbs-hint" }, words));
    };
    const late = setTimeout(say, PATIENCE, LATE);
    load<TranscriptModule>("transcript", () => store.askForModule("transcript")).then(
      ({ createTranscript }) => {
        this.#view = createTranscript(this.#props);
        this.el.replaceChildren(this.#view.el);
        store.notify();
      },
      () => {
        clearTimeout(late);
        say(REFUSED);
      },
    );
  }

  update(): boolean {
    this.ask();
    return this.#view?.update() ?? false;
  }

  follow(isMore: boolean): boolean {
    return this.#view?.follow(isMore) ?? false;
  }
}

/** The pages of the text views, where several runs may come: what shows those is a module. */

import { element } from "../dom";
import { load } from "../modules";
import type { RunState } from "../state";
import type { Store } from "../store";
import type { MarkdownPanel } from "./markdown";
import type { TokenStyle } from "./token_style";
import type { TokensView } from "./tokens";

export interface SeveralProps {
  store: Store;
  root: HTMLElement;
  /** What shows a run that is alone. */
  tokens: TokensView;
  markdown: MarkdownPanel;
  /** Gives the page's widget manager, which may know the notebook. */
  manager: () => unknown;
  schedule: () => void;
}

/** What shows one run's text; alone it scrolls. */
export interface TextView {
  readonly el: HTMLElement;
  /** How many chunks are on the page. */
  readonly shown?: number;
  /** Whether it will look otherwise later, with nothing new. */
  readonly isPlain?: boolean;
  restyle?(style: TokenStyle): void;
  /** Bring it up to date. Returns whether there is more. */
  update(run: RunState | undefined): boolean;
  follow(isMore: boolean): boolean;
}

/** Milliseconds after which the reader is told that the module does not come. */
const PATIENCE = 4000;
const LATE = "Only the last turn is shown: the kernel, which has what shows all, does not answer.";
const REFUSED = "Only the last turn is shown: this page does not allow what shows all.";

interface Pages {
  tokens: TextView;
  markdown: TextView;
}

/** What `src/views/turns.ts` offers. */
export interface TurnsModule {
  turnPages(props: SeveralProps): Pages;
}

/** A page that shows one run until there are several and their module has come. */
class Page {
  readonly el: HTMLElement;
  now: TextView;
  #style: TokenStyle | undefined;
  #ask: () => void;
  #store: Store;

  constructor(alone: TextView, store: Store, ask: () => void) {
    this.now = alone;
    this.#store = store;
    this.#ask = ask;
    this.el = element("div", {}, alone.el);
  }

  get shown(): number {
    return this.now.shown ?? 0;
  }

  replace(view: TextView): void {
    this.now = view;
    this.el.append(view.el);
    if (this.#style) view.restyle?.(this.#style);
  }

  restyle(style: TokenStyle): void {
    this.#style = style;
    this.now.restyle?.(style);
  }

  update(run: RunState | undefined): boolean {
    if (this.#store.places.length > 1) this.#ask();
    return this.now.update(run);
  }

  follow(isMore: boolean): boolean {
    return this.now.follow(isMore);
  }
}

export function several(props: SeveralProps) {
  const { store, schedule } = props;
  let isAsked = false;
  const ask = () => {
    if (isAsked) return;
    isAsked = true;
    const say = (text: string) => store.say({ type: "notice", text });
    const late = setTimeout(() => say(LATE), PATIENCE);
    load<TurnsModule>("turns", () => store.askForModule("turns")).then(
      ({ turnPages }) => {
        clearTimeout(late);
        if (store.notice === LATE) say("");
        const { tokens, markdown } = turnPages(props);
        pages.tokens.replace(tokens);
        pages.markdown.replace(markdown);
        schedule();
      },
      () => {
        clearTimeout(late);
        say(REFUSED);
      },
    );
  };
  const pages = {
    tokens: new Page(props.tokens, store, ask),
    markdown: new Page(props.markdown, store, ask),
  };
  return pages;
}

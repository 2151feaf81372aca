/** Several runs one after the other, each with a line above it: who spoke, and how it went. */

import { element, setText } from "../dom";
import { setup } from "../setup";
import { type RunState, statusOf } from "../state";
import type { Store } from "../store";
import { figures } from "../words";
import { WORDS } from "./header";
import { inspectTokens } from "./inspector";
import { type Drawn, List } from "./list";
import { MarkdownPanel } from "./markdown";
import { Follower } from "./scroll";
import type { SeveralProps, TextView } from "./several";
import type { TokenStyle } from "./token_style";
import { TokensView } from "./tokens";

/** The pages of the two text views, for one run as for several. */
export function turnPages({ store, root, tokens, markdown, manager, schedule }: SeveralProps) {
  const tokenTurns = new TokenTurns(
    store,
    tokens,
    "Answers, token by token",
    (run) => {
      const view = new TokensView(setup(), schedule);
      view.restyle(tokenTurns.style);
      inspectTokens(view, root, run);
      return view;
    },
    schedule,
  );
  const markdownOf = () => new MarkdownPanel(store, setup(), manager);
  return {
    tokens: tokenTurns,
    markdown: new Turns(store, markdown, "Answers as Markdown", markdownOf, schedule),
  };
}

class Turn<V extends TextView> implements Drawn<number> {
  readonly el: HTMLElement;
  readonly view: V;
  #store: Store;
  #name = element("bdi", { class: "nbs-part-name" });
  #word = element("span", { class: "nbs-status" });
  #metrics = element("span", { class: "nbs-metrics" });
  #error = element("div", { class: "nbs-error" });
  #run: RunState | undefined;
  #isWhole = false;

  constructor(store: Store, view: V) {
    this.#store = store;
    this.view = view;
    const heading = { class: "nbs-part-head", role: "heading", "aria-level": "4" };
    const line = element("div", heading, this.#name, this.#word, this.#metrics);
    this.el = element("section", { class: "nbs-part" }, line, view.el, this.#error);
  }

  update(at: number): boolean {
    const store = this.#store;
    const run = store.state.runs[at]!;
    // A run that has ended stays as it is, and there can be many.
    if (this.#isWhole && run === this.#run) return false;
    this.#run = run;
    const isMore = this.view.update(run);
    this.#isWhole = run.end !== null && !isMore && !this.view.isPlain;
    const { doing } = store;
    const own = statusOf(run);
    const now = run.end === null && (doing === "gone" || doing === "stopping") ? doing : own;
    this.el.dataset.status = now;
    setText(this.#name, run.name);
    setText(this.#word, WORDS[now]);
    setText(this.#metrics, figures(store.state, at, store.price()).join(" · "));
    this.#error.hidden = !run.error;
    setText(this.#error, run.error ? `${run.error.type}: ${run.error.message}` : "");
    this.view.el.hidden = run.texts.length === 0 && run.asides.length === 0;
    return isMore;
  }
}

class Turns<V extends TextView> {
  readonly el: HTMLElement;
  #store: Store;
  #alone: V;
  #list: List<number, Turn<V>>;
  #body: HTMLElement;
  #follower: Follower;

  /** @param make makes what shows one run's text; it can ask for the run as it is now. */
  constructor(
    store: Store,
    alone: V,
    label: string,
    make: (run: () => RunState | undefined) => V,
    schedule: () => void,
  ) {
    this.#store = store;
    this.#alone = alone;
    const named = { role: "region", "aria-label": label, tabindex: "0" };
    this.#body = element("div", { class: "nbs-parts nbs-scroll", ...named });
    const idAt = (at: number) => store.state.runs[at]!.id;
    const turnOf = (at: number) => {
      const id = idAt(at);
      return new Turn(
        store,
        make(() => store.state.runs.find((one) => one.id === id)),
      );
    };
    this.#list = new List<number, Turn<V>>(this.#body, idAt, turnOf, schedule);
    this.el = element("div", {}, alone.el, this.#body);
    this.#follower = new Follower(this.#body, store.setup);
  }

  /** How many chunks are on the page. */
  get shown(): number {
    const views = this.#isOne ? [this.#alone] : this.#list.drawn.map(({ view }) => view);
    return views.reduce((all, { shown }) => all + (shown ?? 0), 0);
  }

  get #isOne(): boolean {
    return this.#store.places.length <= 1;
  }

  /** Let all of them be drawn anew. */
  clear(): void {
    this.#list.clear();
  }

  update(run: RunState | undefined): boolean {
    this.#body.hidden = this.#isOne;
    if (this.#isOne) return this.#alone.update(run);
    this.#alone.el.hidden = true;
    return this.#list.update(this.#store.places);
  }

  follow(isMore: boolean): boolean {
    if (this.#isOne) return this.#alone.follow(isMore);
    if (this.#follower.update() || isMore) return true;
    this.#follower.placed();
    return false;
  }
}

class TokenTurns extends Turns<TokensView> {
  style: TokenStyle = { whitespace: false, heat: "none" };
  #alone: TokensView;

  constructor(...args: ConstructorParameters<typeof Turns<TokensView>>) {
    super(...args);
    this.#alone = args[1];
  }

  restyle(style: TokenStyle): void {
    const { whitespace, heat } = this.style;
    this.#alone.restyle(style);
    this.style = style;
    if (style.whitespace !== whitespace || style.heat !== heat) this.clear();
  }
}

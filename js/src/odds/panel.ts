/** What is above the text: a strip for each answer and, where there are branches, their tree. */

import { addStyle, button, element, on, setText } from "../dom";
import type { RunState } from "../state";
import { type Drawn, List } from "../views/list";
import type { OddsProps } from "../views/odds";
import { number } from "../words";
import { visible } from "./bars";
import { Chooser } from "./chooser";
import { hasOdds } from "./figures";
import css from "./odds.css" with { type: "text" };
import { lend, teller } from "./of_run";
import { Strip } from "./strip";
import { type Node, treeOf } from "./tree";

const STYLE = "nbs-odds-style";
/** Characters of an answer that its row shows. */
const EXCERPT = 160;
const panels = new WeakMap<HTMLElement, OddsPanel>();

export function oddsPanel(props: OddsProps): OddsPanel {
  return new OddsPanel(props);
}

/** Let the reader of a view choose what else a token might be. */
export function choose(root: HTMLElement, run: RunState, index: number, token: HTMLElement): void {
  panels.get(root)?.chooser.open(run, index, token);
}

export class OddsPanel {
  readonly el = element("div", { class: "nbs-odds", role: "group", "aria-label": "Odds" });
  readonly chooser: Chooser;
  #props: OddsProps;
  #list: List<Node, Row>;
  #isStyled = false;
  /** The runs that there were when a branch was asked for, which is to be shown. */
  #awaited: number | null = null;

  constructor(props: OddsProps) {
    this.#props = props;
    const { store, root, options, isAsked, signal } = props;
    const branched = () => {
      this.#awaited = store.live.runs.length;
      options.choose("view", "tokens"); // where it was asked for, also where there is more to read
      store.notify();
    };
    this.chooser = new Chooser({ store, root, isAsked, signal, branched });
    panels.set(root, this);
    this.#list = new List<Node, Row>(
      this.el,
      ({ at }) => store.state.runs[at]!.id,
      () => new Row(this.#props),
      () => store.notify(),
    );
  }

  update(): void {
    const { root, store } = this.#props;
    if (!this.#isStyled) addStyle(STYLE, css, root.getRootNode());
    this.#isStyled = true;
    const { runs } = store.state;
    lend(runs);
    this.#showBranch();
    const nodes = treeOf(runs);
    this.el.toggleAttribute(
      "data-tree",
      nodes.some(({ depth }) => depth > 0),
    );
    this.el.hidden = nodes.length === 0;
    this.#list.update(nodes);
  }

  /** Show the branch that the reader has asked for, once it has begun. */
  #showBranch(): void {
    const { store } = this.#props;
    if (this.#awaited === null) return;
    const at = store.live.runs.findIndex(
      ({ metadata }, at) => at >= this.#awaited! && metadata.branch,
    );
    if (at < 0) return;
    this.#awaited = null;
    store.select(at);
  }
}

class Row implements Drawn<Node> {
  readonly el: HTMLElement;
  #props: OddsProps;
  #strip: Strip;
  #pick = button("nbs-odds-pick");
  #fork = element("span", { class: "nbs-odds-fork" });
  #text = element("span", { class: "nbs-odds-text" });
  #at = 0;

  constructor(props: OddsProps) {
    this.#props = props;
    this.#strip = new Strip((index) => this.#show(index));
    this.#pick.append(this.#fork, this.#text);
    on(this.#pick, "click", () => {
      const { store } = props;
      store.select(store.setup.selected === this.#at ? null : this.#at);
    });
    this.el = element("div", { class: "nbs-odds-answer" }, this.#pick, this.#strip.el);
  }

  update(node: Node): boolean {
    const { store } = this.#props;
    const run = store.state.runs[node.at]!;
    this.#at = node.at;
    this.el.style.setProperty("--nbs-depth", String(node.depth));
    this.el.dataset.status = run.status;
    const isShown = store.setup.selected === node.at;
    this.#pick.setAttribute("aria-pressed", String(isShown));
    const { left } = node;
    setText(this.#fork, left ? `${word(left.token)} for ${word(left.instead)}` : "First answer");
    this.#pick.title = left
      ? `From token ${number(left.at + 1)} on. Show this branch alone, or all.`
      : "Show this answer alone, or all.";
    const from = left ? left.at + 1 : 0;
    setText(
      this.#text,
      run.texts
        .slice(from, from + EXCERPT)
        .join("")
        .slice(0, EXCERPT),
    );
    this.#strip.el.hidden = !hasOdds(teller(run));
    this.#strip.update(run);
    return false;
  }

  /** Bring a token into sight, and mark it for a moment. */
  #show(index: number): void {
    const { store, tokens } = this.#props;
    if (store.places.length > 1) store.select(this.#at);
    requestAnimationFrame(() => {
      if (store.run !== store.state.runs[this.#at]) return;
      const token = tokens.tokenAt(index);
      token?.scrollIntoView({ block: "nearest" });
      token?.classList.add("nbs-odds-found");
      setTimeout(() => token?.classList.remove("nbs-odds-found"), 1200);
    });
  }
}

/** A token to be named by, without the space that most begin with. */
function word(token: string): string {
  return visible(token.trim() || token);
}

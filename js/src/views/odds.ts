/** What a model thought of its tokens: what shows that is a module, which comes with the first. */

import { element } from "../dom";
import { load, loaded } from "../modules";
import type { Options } from "../options";
import type { Traits } from "../protocol";
import type { RunState, ViewState } from "../state";
import type { Store } from "../store";
import type { TokensView } from "./tokens";

export type OddsHeat = Exclude<Traits["heat"], "none" | "gap">;

export interface OddsProps {
  store: Store;
  root: HTMLElement;
  options: Options;
  /** What shows a run that is alone. */
  tokens: TokensView;
  /** Whether it is a turn of a conversation, which has branches of its own. */
  isAsked: boolean;
  /** Let what was chosen be seen. */
  look(): void;
}

/** What `src/odds` offers. */
export interface OddsModule {
  /** How warm a token is, 0 to 5; null where that is not known. */
  levelOf(heat: OddsHeat, run: RunState, index: number): number | null;
  legend(heat: OddsHeat): string[];
  figuresOf(state: ViewState): [name: string, value: string][];
  /** What a token's card says of its odds. */
  told(run: RunState, index: number): Node[];
  /** Let the reader choose what else a token might be. */
  choose(root: HTMLElement, run: RunState, index: number, token: HTMLElement): void;
  /** What is above the text. */
  oddsPanel(props: OddsProps): { el: HTMLElement; update(): void };
}

const REFUSED = "This page does not allow what shows the odds of tokens.";

export function odds(): OddsModule | undefined {
  return loaded<OddsModule>("odds");
}

/** The place above the text, which is empty until there are odds or branches, and their module. */
export class OddsPlace {
  readonly el = element("div");
  #props: OddsProps;
  #panel: { update(): void } | undefined;
  #isAsked = false;
  #runs = 0;

  constructor(props: OddsProps) {
    this.#props = props;
  }

  update(): void {
    this.#panel?.update();
    if (!this.#isAsked && this.#isWanted) this.#ask();
  }

  get #isWanted(): boolean {
    const { log, live } = this.#props.store;
    const from = this.#runs;
    this.#runs = live.runs.length;
    return log.odds.size > 0 || live.runs.slice(from).some(({ metadata }) => metadata.branch);
  }

  #ask(): void {
    this.#isAsked = true;
    const { store, look } = this.#props;
    load<OddsModule>("odds", () => store.askForModule("odds")).then(
      ({ oddsPanel }) => {
        const panel = oddsPanel(this.#props);
        this.#panel = panel;
        this.el.append(panel.el);
        look();
      },
      () => store.say({ type: "notice", text: REFUSED }),
    );
  }
}

/** What the view looks like: as the traits say, or as the reader has chosen in the page. */

import type { AnyModel } from "@anywidget/types";
import { isDeaf } from "./kernel";
import type { Traits } from "./protocol";
import type { Choice, Setup } from "./setup";

export class Options {
  #model: AnyModel<Traits>;
  #setup: Setup;
  #signal: AbortSignal;

  constructor(model: AnyModel<Traits>, setup: Setup, signal: AbortSignal) {
    this.#model = model;
    this.#setup = setup;
    this.#signal = signal;
  }

  /**
   * Let a store know what only the widget does. The store outlives the panel, and a function keeps all
   * that those made beside it use: so these are made where no panel is, and use no options.
   */
  lend(store: { price: () => Traits["price"]; isDeaf: () => boolean | null }): void {
    const model = this.#model;
    store.price = () => model.get("price");
    store.isDeaf = () => isDeaf(model);
  }

  /** The page's widget manager: JupyterLab's knows the notebook. */
  get manager(): unknown {
    return this.#model.widget_manager;
  }

  get<K extends keyof Traits & string>(name: K): Traits[K] {
    const chosen = this.#setup.choices[name as Choice] as Traits[K] | undefined;
    return chosen ?? this.#model.get(name);
  }

  /** Whether neither Python nor the reader has said which view is to be on top. */
  get isAuto(): boolean {
    return !!this.#model.get("_auto") && this.#setup.choices.view === undefined;
  }

  choose<K extends Choice>(name: K, value: Traits[K]): void {
    (this.#setup.choices as Partial<Traits>)[name] = value;
  }

  /** Call `listener` when Python sets one of these; that goes before what the reader chose. */
  onChange(names: readonly (keyof Traits & string)[], listener: () => void): void {
    for (const name of names) {
      const changed = () => {
        delete this.#setup.choices[name as Choice];
        listener();
      };
      this.#model.on(`change:${name}`, changed);
      this.#signal.addEventListener("abort", () => this.#model.off(`change:${name}`, changed));
    }
  }
}

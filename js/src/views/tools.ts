/** How tokens are shown: their borders, their whitespace, their heat. */

import { choice, element, iconButton, on } from "../dom";
import type { Options } from "../options";
import { legend } from "./token_style";

const NO_ODDS = "By probability: ask with top_logprobs=5";

export class TokenTools {
  readonly el: HTMLElement;
  #options: Options;
  #borders: HTMLSelectElement;
  #heat: HTMLSelectElement;
  #whitespace = iconButton(
    "Show whitespace and characters that cannot be seen",
    "",
    "M6.5 13V3h5",
    "M9.5 3v10",
    "M6.5 8.5a2.75 2.75 0 010-5.5",
  );
  #legend = element("span", { class: "nbs-legend" });

  constructor(options: Options, onChange: () => void) {
    this.#options = options;
    this.#borders = choice(
      "Borders between chunks",
      [
        ["delimiter", "Delimiters"],
        ["bands", "Bands"],
        ["none", "No borders"],
      ],
      (value) => {
        options.choose("borders", value);
        onChange();
      },
    );
    this.#heat = choice(
      "Colour of tokens",
      [
        ["none", "No colour"],
        ["gap", "Colour by wait"],
        ["logprob", ""],
        ["rank", "Colour by rank"],
        ["entropy", "Colour by entropy"],
      ],
      (value) => {
        options.choose("heat", value);
        onChange();
      },
    );
    on(this.#whitespace, "click", () => {
      options.choose("whitespace", !options.get("whitespace"));
      onChange();
    });
    this.el = element(
      "div",
      { class: "nbs-tools" },
      this.#legend,
      this.#borders,
      this.#heat,
      this.#whitespace,
    );
  }

  /** @param hasOdds tells whether the model was asked for log-probabilities. */
  update(hasOdds: boolean): void {
    const heat = this.#options.get("heat");
    this.#borders.value = this.#options.get("borders");
    this.#heat.value = heat;
    for (const option of [...this.#heat.options].slice(2)) {
      option.disabled = !hasOdds;
      option.hidden = !hasOdds && option.value !== "logprob";
    }
    this.#heat.options[2]!.text = hasOdds ? "Colour by probability" : NO_ODDS;
    this.#whitespace.setAttribute("aria-pressed", String(this.#options.get("whitespace")));
    const steps = heat === "none" ? [] : legend(heat);
    this.#legend.replaceChildren(
      ...steps.map((step, i) => element("span", { "data-heat": String(i) }, step)),
    );
  }
}

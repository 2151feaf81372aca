/** What is known of the selected run: what went in, what came out, and what it was called with. */

import { element, setText } from "../dom";
import type { Json } from "../protocol";
import { toJson } from "../read";
import type { RunState } from "../state";
import { count, duration, number } from "../words";

/** Characters of one value shown, at most. */
const MOST = 20_000;

export class DetailsView {
  readonly el = element("dl", { class: "nbs-details" });
  #values = new Map<string, HTMLElement>();
  #run = "";

  update(run: RunState | undefined): void {
    this.el.hidden = !run;
    if (!run) return;
    if (run.id !== this.#run) {
      this.el.replaceChildren();
      this.#values.clear();
      this.#run = run.id;
    }
    const took = run.end === null ? "" : ` · ${duration(run.end - run.start)}`;
    this.#set("Name", run.name);
    this.#set("Run", `${run.type} · ${run.status}${took}`);
    this.#set("Input", shown(run.input), true);
    this.#set("Output", output(run), true);
    this.#set("Error", run.error ? `${run.error.type}: ${run.error.message}` : "", true);
    this.#set("Model", run.model ?? "");
    this.#set("Tags", run.tags.join(", "));
    this.#set("Metadata", Object.keys(run.metadata).length > 0 ? shown(run.metadata) : "", true);
    this.#set(
      "Usage",
      run.usage ? `${number(run.usage.input)} in, ${count(run.usage.output, "token")} out` : "",
    );
    this.#set("Stop reason", run.stop ?? "");
    this.#set("Id", run.id);
  }

  #set(name: string, value: string, isCode = false): void {
    let cell = this.#values.get(name);
    if (!cell) {
      if (!value) return;
      cell = element("dd", isCode ? { class: "nbs-code" } : {});
      this.#values.set(name, cell);
      this.el.append(element("dt", {}, name), cell);
    }
    setText(cell, value);
  }
}

function output(run: RunState): string {
  return run.output === null ? cut(run.texts.join("")) : shown(run.output);
}

/** A value for people: a text as it is, anything else as JSON. */
export function shown(value: Json): string {
  return cut(typeof value === "string" ? value : toJson(value, 2));
}

function cut(text: string): string {
  if (text.length <= MOST) return text;
  return `${text.slice(0, MOST)} … ${number(text.length - MOST)} more characters`;
}

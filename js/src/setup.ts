/**
 * How the reader has set up a view. When a run ends, the notebook draws its output anew: what the
 * reader did to the old view must hold for the one that takes its place.
 */

import type { Version } from "./events";
import type { Traits } from "./protocol";

/** The traits that the reader can change in the page, without telling Python. */
export type Choice = "view" | "borders" | "whitespace" | "heat";

export interface Setup {
  /** What the reader chose, where that is not as the trait says. */
  choices: { [name in Choice]?: Traits[name] };
  /** The run that all views are narrowed to. */
  selected: number | null;
  /** Where the reader has scrolled to; null while the end stays in sight. */
  scrolledTo: number | null;
  /** The runs whose inner runs are folded away. */
  collapsed: Set<number>;
  figuresOpen: boolean;
  replayOpen: boolean;
  events: {
    version: Version;
    kind: string;
    name: string;
    tag: string;
    text: string;
    selected: number | null;
  };
}

export function setup(): Setup {
  return {
    choices: {},
    selected: null,
    scrolledTo: null,
    collapsed: new Set(),
    figuresOpen: false,
    replayOpen: false,
    events: { version: "v2", kind: "", name: "", tag: "", text: "", selected: null },
  };
}

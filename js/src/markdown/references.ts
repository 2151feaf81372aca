/**
 * What refers to what, across the blocks that are finished: a definition that comes later makes
 * links of what referred to it, and one that nothing refers to stays where it is, as a source.
 */

import { labelOf } from "./decorate";
import type { Labels } from "./lexer";

/** A block on the page that may be drawn anew. */
interface Drawn {
  nodes: Element[];
  again(): { node: Node; labels: Labels };
  missing: Set<string>;
  /** How often it has been. */
  times: number;
}

/** While the text is written, a block is drawn anew so often; the rest is done at its end. */
const MOST = 8;

export class References {
  /** Blocks by the labels they lack. */
  #lacking = new Map<string, Set<Drawn>>();
  #stale = new Set<Drawn>();
  #used = new Set<string>();
  /** Definitions on the page that nothing has used, by label: the first of each. */
  #sources = new Map<string, Element>();
  /** The blocks of the first definitions. */
  #owners = new Map<string, Drawn>();

  /** Take note of a block that has been put on the page. */
  add(nodes: Element[], labels: Labels, again: Drawn["again"]): void {
    this.#note({ nodes, again, missing: new Set(), times: 0 }, labels);
  }

  /** A label leads somewhere from now on. */
  define(label: string): void {
    for (const drawn of this.#lacking.get(label) ?? []) this.#stale.add(drawn);
    this.#lacking.delete(label);
  }

  /** Take the sources that something leads to, or will, out of a block that is being written. */
  dropWanted(root: ParentNode): void {
    for (const el of root.querySelectorAll(".nbs-md-source")) {
      const label = labelOf(el);
      if (this.#used.has(label) || this.#lacking.get(label)?.size) el.remove();
    }
  }

  /** Draw anew what has changed. */
  mend(finished: boolean): void {
    for (const drawn of this.#stale) {
      if (!finished && drawn.times >= MOST) continue;
      this.#stale.delete(drawn);
      for (const label of drawn.missing) this.#lacking.get(label)?.delete(drawn);
      const { node, labels } = drawn.again();
      const nodes = elementsIn(node);
      drawn.nodes[0]?.replaceWith(node);
      for (const old of drawn.nodes.slice(1)) old.remove();
      drawn.nodes = nodes;
      drawn.times++;
      this.#note(drawn, labels);
    }
  }

  #note(drawn: Drawn, { used, missing }: Labels): void {
    drawn.missing = missing;
    for (const label of missing) {
      const lacking = this.#lacking.get(label) ?? new Set();
      this.#lacking.set(label, lacking.add(drawn));
    }
    const seen = new Set<string>();
    for (const root of drawn.nodes) {
      for (const el of [root, ...root.querySelectorAll(".nbs-md-source")]) {
        if (el.classList.contains("nbs-md-source")) this.#place(el, drawn, seen);
      }
    }
    for (const label of used) {
      this.#used.add(label);
      this.#sources.get(label)?.remove();
      this.#sources.delete(label);
    }
  }

  /** A second definition of a label leads nowhere: it stays. */
  #place(el: Element, drawn: Drawn, seen: Set<string>): void {
    const label = labelOf(el);
    const owner = this.#owners.get(label);
    if (seen.has(label) || (owner && owner !== drawn)) return;
    seen.add(label);
    this.#owners.set(label, drawn);
    if (this.#used.has(label)) el.remove();
    else this.#sources.set(label, el);
  }
}

export function elementsIn(node: Node): Element[] {
  return node instanceof Element
    ? [node]
    : [...node.childNodes].filter((n) => n instanceof Element);
}

/**
 * What a saved notebook needs beside the state of its widgets: the code that draws them. Of all models
 * of a notebook the first one has it in its state, and when that closes, the next one.
 */

import type { AnyModel } from "@anywidget/types";
import { managerOf } from "./kernel";
import { provided } from "./modules";
import type { Traits } from "./protocol";

interface Kept {
  model: AnyModel<Traits>;
  /** What it needs. */
  keys: Set<string>;
}

const KEY = Symbol.for("nbstream.keeper.1");

/** The models of each notebook, by its manager. */
function notebooks(): Map<unknown, Set<Kept>> {
  const page = globalThis as { [KEY]?: Map<unknown, Set<Kept>> };
  page[KEY] ??= new Map();
  return page[KEY];
}

export class Keeper {
  #own: Kept;
  #manager: unknown;

  constructor(model: AnyModel<Traits>, closed: AbortSignal) {
    this.#own = { model, keys: new Set() };
    this.#manager = managerOf(model);
    const all = notebooks().get(this.#manager) ?? new Set();
    notebooks().set(this.#manager, all.add(this.#own));
    closed.addEventListener("abort", () => {
      all.delete(this.#own);
      if (all.size === 0) notebooks().delete(this.#manager);
      this.update();
    });
  }

  /** Note that the model needs a module. */
  need(key: string): void {
    this.#own.keys.add(key);
    this.update();
  }

  /** Put what the notebook needs, and what of it has come, where it is saved. */
  update(): void {
    const all = [...(notebooks().get(this.#manager) ?? [])];
    const modules: { [key: string]: string } = {};
    for (const key of all.flatMap(({ keys }) => [...keys])) {
      const source = provided(key);
      if (source !== undefined) modules[key] = source;
    }
    for (const { model } of all) put(model, model === all[0]!.model ? modules : {});
  }
}

function put(model: AnyModel<Traits>, modules: { [key: string]: string }): void {
  const names = (of: object | undefined) => Object.keys(of ?? {}).join();
  if (names(model.get("_modules")) !== names(modules)) model.set("_modules", modules);
}

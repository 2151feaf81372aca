import type { AnyModel } from "@anywidget/types";
import type { Traits } from "./protocol";

export interface Trait<T> {
  get: () => T;
  onChange: (listener: () => void) => void;
}

/** A trait's value and a way to hear of changes, without the rest of the model. */
export function traitOf<K extends keyof Traits>(
  model: AnyModel<Traits>,
  name: K,
  signal: AbortSignal,
): Trait<Traits[K]> {
  return {
    get: () => model.get(name),
    onChange(listener) {
      model.on(`change:${name}`, listener);
      signal.addEventListener("abort", () => model.off(`change:${name}`, listener));
    },
  };
}

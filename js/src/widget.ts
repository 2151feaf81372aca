/**
 * The script of all widgets, which comes once for a page (`loader.ts`). What draws single runs is in
 * it; what draws the other kinds of widgets is a module each, of the kind's name, which has no copy of
 * what is here (`build.mjs`).
 */

import type { InitializeProps, RenderProps } from "@anywidget/types";
import type { Made } from "./front_end";
import run from "./index";
import { load, loaded, useBuild } from "./modules";
import type { Kind, Traits } from "./protocol";

type Make = () => Made;

/** What makes the front ends of a kind of widgets, if it is here. */
export function makerOf(kind: Kind): Make | undefined {
  return kind === "run" ? run : loaded<{ default: Make }>(kind)?.default;
}

/** Wait for what makes the front ends of a kind, in a build of nbstream; others ask for it. */
export async function need(kind: Kind, build: string): Promise<void> {
  useBuild(build);
  if (!makerOf(kind)) await load(kind, () => {});
}

/** A front end whose kind is known when its model is. */
export function frontEndOf(find: (kind: Kind) => Make | undefined) {
  return () => {
    let own: Made;
    return {
      initialize(props: InitializeProps<Traits>) {
        own = find(props.model.get("_kind"))!();
        return own.initialize(props);
      },
      render: (props: RenderProps<Traits>) => own.render(props),
    };
  };
}

export default frontEndOf(makerOf);

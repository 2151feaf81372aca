/**
 * The script of all widgets, which comes once for a page (`loader.ts`). Where a widget brings it
 * itself, in development and where each output is a page of its own, anywidget takes it as it is.
 */

import type { InitializeProps, RenderProps } from "@anywidget/types";
import run from "./index";
import chat from "./index_chat";
import compare from "./index_compare";
import type { Traits } from "./protocol";

const MAKERS = { run, chat, compare };

export default () => {
  let own: ReturnType<typeof run>;
  return {
    initialize(props: InitializeProps<Traits>) {
      own = MAKERS[props.model.get("_kind")]();
      return own.initialize(props);
    },
    render: (props: RenderProps<Traits>) => own.render(props),
  };
};

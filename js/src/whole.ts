/**
 * All kinds of widgets in one script, which anywidget takes as it is: in development, and where each
 * output is a page of its own.
 */

import batch from "./index_batch";
import chat from "./index_chat";
import compare from "./index_compare";
import { frontEndOf, makerOf } from "./widget";

const MADE = { batch, chat, compare };

export default frontEndOf((kind) => (kind === "run" ? makerOf(kind) : MADE[kind]));

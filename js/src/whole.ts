/**
 * All kinds of widgets in one script, which anywidget takes as it is: in development, and where each
 * output is a page of its own.
 */

import chat from "./index_chat";
import { frontEndOf, makerOf } from "./widget";

export default frontEndOf((kind) => (kind === "chat" ? chat : makerOf(kind)));

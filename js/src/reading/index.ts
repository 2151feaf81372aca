/** The module that shows a run as a conversation; a page asks for it when there is one to read. */

export { createTranscript } from "./view";
export { written } from "./written";

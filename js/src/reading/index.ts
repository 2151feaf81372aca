/** The module that shows a run as a conversation; a page asks for it when there is one to read. */

// Told by whoever loads this module, which loads the one for Markdown.
export { useBuild } from "../modules";
export { createTranscript } from "./view";
export { written } from "./written";

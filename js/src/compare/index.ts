/** The module that puts columns side by side; a page asks for it when it first shows a comparison. */

// Told by whoever loads this module.
export { useBuild } from "../modules";
export { arrange } from "./view";

export type CompareModule = typeof import("./index");

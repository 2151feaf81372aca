/** What comes over the wire. Its meaning is written down in `nbstream/events/_frames.py`. */

/** Anything JSON can hold. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

export interface StartItem {
  kind: "start";
  at: number;
  run: number;
  id: string;
  parent: number | null;
  type: string;
  name: string;
  model: string | null;
  tags?: string[];
  metadata?: { [key: string]: Json };
  input?: Json;
  streamed?: true;
}

export interface ChunksItem {
  kind: "chunks";
  at: number;
  run: number[];
  gap: number[];
  text: string[];
  messages?: number[];
  more?: { [place: string]: Json };
  odds?: (Odds[] | null)[];
}

/** A token, its log-probability, and the same of its alternatives, one behind the other. */
export type Odds = (string | number)[];

export interface EndItem {
  kind: "end" | "cancelled" | "error";
  at: number;
  run: number;
  input?: Json;
  output?: Json;
  message?: { [key: string]: Json };
  error?: RunError;
}

export interface CustomItem {
  kind: "custom";
  at: number;
  run: number;
  name: string;
  data: Json;
}

export type RunError = { type: string; message: string };

export type Item = StartItem | ChunksItem | EndItem | CustomItem;

export interface Frame {
  type: "frame";
  seq: number;
  items: Item[];
}

/** The page's answer to a gap: the number of the event it needs next. */
export interface Resync {
  type: "resync";
  seq: number;
}

/** The reader's wish to end the run. */
export interface Stop {
  type: "stop";
}

/** The reader's word on a call that waits for it. */
export interface Approve {
  type: "approve";
  /** The id of the call's run. */
  run: string;
  verdict: string;
  /** The arguments to call it with, where they were edited. */
  args: Json;
}

/** Asks for code that is not sent with each widget; the answer has its `source`. */
export interface ModuleRequest {
  type: "module";
  name: string;
}

/** What a run or a conversation can be saved as: lines of JSON, or a page that plays. */
export type ExportForm = "jsonl" | "html";

/** Asks for a file's text; the answer has it as `text`. */
export interface ExportRequest {
  type: "export";
  form: ExportForm;
}

/** Says that this page puts the view where its transcript stands. */
export interface Hello {
  type: "hello";
}

/** Asks for all that this page may lack: its host may have dropped what came before it. */
export interface OpenRequest {
  type: "open";
}

/** All there is, as a page finds it when it opens. */
export interface LogAnswer {
  type: "log";
  log: { [key: string]: Json };
}

/** Says that this page shows nothing of the widget any more, and nothing of it is under way. */
export interface Bye {
  type: "bye";
}

/** Asks for what is to be left in the output, where that was not updated. */
export interface BundleRequest {
  type: "bundle";
}

/** A picture, as `data:image/png;base64,…`. */
export type ImageUrl = string;

export interface BundleAnswer {
  type: "bundle";
  data: { [mime: string]: Json };
  metadata: { [mime: string]: Json };
}

/** Asks whether the model of a run can go on from the beginning of its answer. */
export interface BranchesRequest {
  type: "branches";
  run: string;
}

export interface BranchesAnswer {
  type: "branches";
  run: string;
  /** Why it cannot; empty: it can. */
  why: string;
}

/** Puts another token into an answer, and has the model go on from there. */
export interface BranchRequest {
  type: "branch";
  run: string;
  /** Which text of the run, */
  place: number;
  /** and which of its tokens. */
  part: number;
  token: string;
}

export type Request =
  | Resync
  | Stop
  | Approve
  | ModuleRequest
  | ExportRequest
  | BranchesRequest
  | BranchRequest;

export interface ModuleAnswer {
  type: "module";
  name: string;
  source: string;
}

export interface ExportAnswer {
  type: "export";
  text: string;
}

/** What Python has to say: that something went wrong, or something to know. */
export interface Words {
  type: "problem" | "notice";
  text: string;
}

export type Answer = BranchesAnswer | BundleAnswer | Frame | ModuleAnswer | ExportAnswer | Words;

export const VIEWS = ["tokens", "markdown", "transcript", "events", "timeline"] as const;
export type ViewName = (typeof VIEWS)[number];

/** The log as a page keeps it for whoever saves the widget's state: all frames it has taken. */
export interface SavedLog {
  type: "log";
  frames: Frame[];
}

/** Which of the front ends a widget has: each but the first is a module of that name. */
export type Kind = "run" | "batch" | "chat" | "compare";

/** The synced traits of `nbstream.StreamView` and `nbstream.ChatView`, and what the page adds to its saved state. */
export interface Traits {
  view: ViewName;
  /** Whether nobody has said which view is to be on top. */
  _auto?: boolean;
  delimiter: string;
  borders: "delimiter" | "bands" | "none";
  whitespace: boolean;
  heat: "none" | "gap" | "logprob" | "rank" | "entropy";
  price: { input?: number; output?: number };
  max_height: string;
  /** Set in a page of its own, which has no kernel. */
  _shared?: boolean;
  /** The comparisons below a run, as ipywidgets names models. */
  _again?: string[];
  /** Which column of a comparison is taken, -1: none yet; null where there is nothing to take it for. */
  _taken?: number | null;
  /** What a chat's model is called. */
  _model?: string;
  _kind: Kind;
  /** Names the build of nbstream that the widget is of. */
  _build: string;
  /** How the reader interrupts the kernel in this host, in words. */
  _interrupt: string;
  /** Names the view's transcript in the page. */
  _place: string;
  _log: Frame | SavedLog | Record<string, never>;
  /** Sources by their build and name: what the page is brought, and what a saved notebook keeps. */
  _modules: { [key: string]: string } | undefined;
}

/** What comes over the wire. Its meaning is written down in `nbstream/widget/_protocol.py`. */

export interface Usage {
  input: number;
  output: number;
}

interface Extra {
  usage?: Usage;
  stop?: string;
}

export interface StartItem {
  kind: "start";
  at: number;
  run: number;
  parent: number | null;
  type: string;
  name: string;
  model: string | null;
}

export interface ChunksItem extends Extra {
  kind: "chunks";
  at: number;
  run: number[];
  gap: number[];
  text: string[];
}

export interface EndItem extends Extra {
  kind: "end" | "cancelled" | "error";
  at: number;
  run: number;
  error?: RunError;
}

export interface RunError {
  type: string;
  message: string;
}

export type Item = StartItem | ChunksItem | EndItem;

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

export type Request = Resync | Stop;

/** The synced traits of `nbstream.StreamView`. */
export interface Traits {
  delimiter: string;
  _log: Frame | Record<string, never>;
}

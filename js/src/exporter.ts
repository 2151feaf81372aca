/** Files that Python writes for the reader: what plays, and what can be read back. */

import { download } from "./clipboard";
import type { ExportForm, ExportRequest } from "./protocol";

/** Milliseconds until the reader is told that nothing has come; a long log takes its time. */
const PATIENCE = 10_000;
const TYPES = { jsonl: "application/jsonl", html: "text/html" };

export class Exporter {
  #ask: (message: ExportRequest) => void;
  #take: ((text: string) => void) | null = null;

  /** @param ask sends a request to Python. */
  constructor(ask: (message: ExportRequest) => void) {
    this.#ask = ask;
  }

  /** Save a file. Returns what to tell the reader, if anything. */
  async save(name: string, form: ExportForm, isGone: boolean): Promise<string> {
    const text = isGone ? null : await this.#text(form);
    if (text === null) return "The kernel has the log and does not answer";
    download(`${name}.${form}`, text, TYPES[form]);
    return "";
  }

  /** Take what Python has written. */
  take(text: string): void {
    this.#take?.(text);
  }

  #text(form: ExportForm): Promise<string | null> {
    return new Promise((resolve) => {
      this.#take = resolve;
      this.#ask({ type: "export", form });
      setTimeout(resolve, PATIENCE, null);
    });
  }
}

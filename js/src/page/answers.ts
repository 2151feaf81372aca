/** What the page says itself, where there is no kernel to ask. */

import type { SavedChat } from "../chat";
import type { Traits } from "../protocol";
import { count, dicts } from "../read";
import { read, unpack } from "./packed";

interface Question {
  type?: string;
  turn?: number;
  column?: number;
}

/** Make what answers the messages that the front end would send to Python. */
export function answering(state: Traits, tell: (message: object) => void) {
  return (message: unknown): void => {
    const { type, turn, column } = message as Question;
    const told = (text: string) => tell({ type, turn, column, text });
    if (type === "export") void logOf(turn ?? column).then(told);
    else if (type === "switch") tell({ type: "leaf", turn: newestEnd(state._log, turn!) });
  };
}

/** The log as lines of JSON: of a run, or of one of several. */
async function logOf(at: number | undefined): Promise<string> {
  const text = await unpack(read<string>("nbstream-archive"));
  if (at === undefined) return text;
  return (JSON.parse(text) as { logs: { [at: string]: string } }).logs[at] ?? "";
}

/** The last of the turns that go on from one, where several do the newest. */
function newestEnd(log: object, turn: number): number {
  const turns = dicts((log as Partial<SavedChat>).turns);
  let end = turn;
  // Anybody can have written the file: no turn is gone through twice.
  for (const _ of turns) {
    end = count(turns.findLast(({ parent }) => count(parent) === end)?.id) ?? end;
  }
  return end;
}

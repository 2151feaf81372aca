/** What two texts have in common, word by word. */

import { diffArrays } from "diff";

/** A stretch of words: in both texts, only in the one it is compared with, or only in this one. */
export interface Stretch {
  kind: "same" | "less" | "more";
  text: string;
}

/** Milliseconds that may be spent on one pair of texts: those with little in common take long. */
const PATIENCE = 150;

/**
 * A word with the space before it, a sign, or the space at the end. Where words are written without
 * spaces, each character is one: `Intl.Segmenter` copies all of the text for each word it finds.
 */
const UNSPACED =
  "\\p{scx=Han}\\p{scx=Hira}\\p{scx=Kana}\\p{scx=Thai}\\p{scx=Lao}\\p{scx=Khmr}\\p{scx=Mymr}";
const WORD = new RegExp(
  `\\s*(?:(?![${UNSPACED}])[\\p{L}\\p{N}_])(?:(?![${UNSPACED}])[\\p{L}\\p{N}\\p{M}_])*|` +
    `\\s*\\S\\p{M}*(?:\\u200d\\S\\p{M}*)*|\\s+$`,
  "gu",
);

/** What of `text` is not as in `base`; null where they are too long to tell in time. */
export function differences(base: string, text: string, timeout = PATIENCE): Stretch[] | null {
  const changes = diffArrays(words(base), words(text), {
    timeout,
    // How much space there is before it makes no other word of it.
    comparator: (one, other) => one.trim() === other.trim(),
  });
  return (
    changes?.map(({ value, added, removed }) => {
      return { kind: added ? "more" : removed ? "less" : "same", text: value.join("") };
    }) ?? null
  );
}

function words(text: string): string[] {
  return text.match(WORD) ?? [];
}

/**
 * What a text that is still being written is most likely to become. Only the end of what has come
 * is touched, only until more comes, and never the finished text.
 */

import remend, { INCOMPLETE_IMAGE_PLACEHOLDER, type RemendOptions } from "remend";
import { OPEN, openFormula } from "./formula";
import type { Links } from "./lexer";

/** The address that remend gives to a picture whose address has not come. */
export const NO_IMAGE = INCOMPLETE_IMAGE_PLACEHOLDER;

/** remend looks through its text many times over: a longer one is left as it is. */
const HEALED = 4000;

const OPTIONS: RemendOptions = {
  linkMode: "text-only",
  // Not ours to mend: HTML and formulas are text here, and lines are seen to below.
  htmlTags: false,
  katex: false,
  comparisonOperators: false,
  setextHeadings: false,
  singleTilde: false,
};

/** A line as far as it says nothing yet: `-` may become a list, a rule, or a heading's underline. */
const BARE = /^[ \t]*(?:>[ \t]?)*(?:[-+*_=~`]{1,2}|#{1,6}|\d{1,9}[.)]?|`{3,}[^`]*|~{3,}.*)[ \t]*$/;
/** A table's head, as models write it, and what has come of the line of dashes below it. */
const HEAD = /^ {0,3}\|/;
const DASHES = /^ {0,3}(?:\|[ \t:|-]*)?$/;

/** Text that begins at a block: take away or complete its last line. */
export function healLines(text: string, isParagraph: boolean): string {
  const lastAt = text.lastIndexOf("\n") + 1;
  const last = text.slice(lastAt);
  if (BARE.test(last)) return text.slice(0, lastAt);
  if (!isParagraph) return text;
  const beforeAt = text.lastIndexOf("\n", lastAt - 2) + 1;
  const before = text.slice(beforeAt, lastAt);
  if (lastAt > 0 && HEAD.test(before) && DASHES.test(last))
    return healTable(text, beforeAt, before);
  return HEAD.test(last) ? healTable(text, lastAt, last) : text;
}

/** End the head's row, and write the line of dashes that makes it one. */
function healTable(text: string, at: number, line: string): string {
  const row = line.trim().replace(/\\$/, "");
  // An escaped bar is none.
  const cells = row.replace(/\\./g, "..").slice(1).split("|");
  const isClosed = cells.length > 1 && cells.at(-1) === "";
  if (isClosed) cells.pop();
  const begin = text.slice(0, at);
  if (cells.join("") === "") return begin;
  return `${begin}${row}${isClosed ? "" : " |"}\n|${"-|".repeat(cells.length)}\n`;
}

const CODE = /(`+)(?:[^`]|[^`][\s\S]*?[^`])\1(?!`)/g;

/** The last stretch of inline text: close what is open, and hold back what is half a marker. */
export function healInline(text: string, links: Links): string {
  if (text.length > HEALED) return text;
  const open = openFormula(text);
  if (open) {
    // Half of what closes it is nothing yet.
    const written = text.slice(open.at).replace(/(?<=..)(?:\\|(?<!\$)\$)$/, "");
    const before = text.slice(0, open.at);
    const gap = /\s*$/.exec(before)![0];
    return healInline(before, links).trimEnd() + gap + written + OPEN + open.closing;
  }
  const isCode = text.replace(CODE, "").includes("`");
  return remend(isCode ? text.replace(/`+$/, "") : holdBack(text, links), OPTIONS);
}

function holdBack(text: string, links: Links): string {
  return (
    text
      // A task's box.
      .replace(/^\[[ xX]?\]?[ \t]*$/, "")
      // `<br>`, and an address in angle brackets.
      .replace(/<(?:b(?:r\s*\/?)?)?$/i, "")
      .replace(/<(?=(?:https?:|mailto:)[^\s<>]*$)/i, "")
      // If it closes something, remend does so; if it opens something, there is nothing in it yet.
      .replace(/(?<![*_~`])[*_~`]{1,3}$/, "")
      .replace(/(?<!\\)(?:\\\\)*\\$/, (slashes) => slashes.slice(1))
      .replace(/!?\[$/, "")
      // A link whose address may follow. A reference that leads somewhere is one already.
      .replace(/(!?)\[([^[\]]+)\](?:\[([^[\]]*)(\]?))?$/, (all, image, label, reference, end) => {
        const name = (reference || label).trim().replace(/\s+/g, " ").toLowerCase();
        if (Object.hasOwn(links, name) && (reference === undefined || end)) return all;
        return image ? "" : label;
      })
  );
}

/** Where mathematics stands in a text: `\(x\)`, `\[x\]`, `$x$`, `$$x$$`. Prices stay prices. */

export interface Formula {
  /** As it is written, with its delimiters. */
  raw: string;
  isDisplay: boolean;
}

/** Longer ones are text: each beginning is followed only so far. */
const LONGEST = 8000;
/** Within a line people write less, and prices begin like formulas. */
const LONGEST_IN_LINE = 1000;
/** What is put behind a formula that is still being written, so that it is shown as it is. */
export const OPEN = "\0";

const CLOSING: Record<string, string> = { "\\(": "\\)", "\\[": "\\]", $$: "$$" };
const BLANK = /\n[ \t]*\n/;
/** What may follow a formula that has its lines for itself. */
const REST = /^[.,;:]?[ \t]*(?:\n|$)/;
const OPENING = /^ {0,3}(\$\$|\\\[)([^\n]*)/;
/** Where no formula goes on: at an empty line, and at code. */
const BREAK = /\n(?:[ \t]*(?:\n|```|~~~))/;

/** The formula that begins right here. `before` is the character in front of it, if there is one. */
export function formulaAt(text: string, at: number, before: string): Formula | undefined {
  if (/[A-Za-z0-9$\\]/.test(before)) return;
  const opening = text.slice(at, at + 2);
  const closing = CLOSING[opening];
  if (!closing) return opening.startsWith("$") ? dollars(text, at) : undefined;
  const length = closingAt(text.slice(at + 2, at + 2 + LONGEST), closing);
  if (length < 0) return;
  const inner = text.slice(at + 2, at + 2 + length);
  // `\[text\](address)` is a link that is not meant to be one.
  const isLink = opening === "\\[" && /[([:]/.test(text.charAt(at + length + 4));
  if (!inner.trim() || BLANK.test(inner) || isLink) return;
  return { raw: opening + inner + closing, isDisplay: opening !== "\\(" };
}

/** Where a formula's end stands, or -1. What has a backslash before it is none: `\\]`, `\$$`. */
function closingAt(text: string, closing: string): number {
  let at = text.indexOf(closing);
  while (at > 0 && text.charAt(at - 1) === "\\") at = text.indexOf(closing, at + 1);
  return at;
}

/** `$x$`, as Pandoc has it, and more careful where it may be money. */
function dollars(text: string, at: number): Formula | undefined {
  const rest = text.slice(at + 1, at + 1 + LONGEST_IN_LINE);
  const length = closingAt(rest, "$");
  const inner = rest.slice(0, length);
  if (length < 1 || /^\s|\s$|`/.test(inner) || BLANK.test(inner)) return;
  // The n-th is an ending; a name or a number is not: $HOME/$PATH, $5/$10.
  if (/^(?!(?:th|st|nd|rd|s)\b)[\w$]/.test(rest.slice(length + 1, length + 5))) return;
  return isProse(inner) ? undefined : { raw: `$${inner}$`, isDisplay: false };
}

/** Whether what stands between two signs of a currency is words: `5 to 10`, `HOME is not the`. */
function isProse(inner: string): boolean {
  const bare = inner.replace(/\\[A-Za-z]+\s*(?:\{[^{}]*\})?/g, "");
  if (/^[\d.,]+\d*/.test(bare)) {
    return /(?:^|[\s(/,*_–-])[A-Za-z]{2,}|\d[A-Za-z]{4,}|[-–/(]$/.test(bare);
  }
  return /^[\w\s,.:;'’/-]*$/.test(bare) && /[A-Za-z]{2,}\s+[A-Za-z]{2,}|[/:]$/.test(bare);
}

/** The first formula in a part of a text, from its second character on, or -1. */
export function nextDollar(text: string, end: number): number {
  for (let at = text.indexOf("$", 1); at > 0 && at < end; at = text.indexOf("$", at + 1)) {
    if (formulaAt(text, at, text.charAt(at - 1))) return at;
  }
  return -1;
}

/** The places of all formulas in a text, as its inline tokens have them. */
export function formulasIn(text: string): [begin: number, end: number][] {
  const found: [number, number][] = [];
  const mark = /[\\$`]/g;
  for (let match = mark.exec(text); match; match = mark.exec(text)) {
    const at = match.index;
    if (match[0] === "`") {
      const ticks = /^`+/.exec(text.slice(at))![0];
      const end = text.indexOf(ticks, at + ticks.length);
      mark.lastIndex = (end < 0 ? at : end) + ticks.length;
      continue;
    }
    const formula = formulaAt(text, at, text.charAt(at - 1));
    const end = at + (formula?.raw.length ?? (match[0] === "\\" ? 2 : 1));
    if (formula) found.push([at, end]);
    mark.lastIndex = end;
  }
  return found;
}

/** Whether a line begins a formula that has its lines for itself. It need not come to its end. */
export function opensDisplay(line: string): boolean {
  const [, opening, inner = ""] = OPENING.exec(line) ?? [];
  if (!opening) return false;
  const length = closingAt(inner, CLOSING[opening]!);
  return length < 0 || (inner.slice(0, length).trim() !== "" && REST.test(inner.slice(length + 2)));
}

/**
 * The formula that a block's lines begin with. `isOpen`: more lines may come, and then one without
 * an end takes all there is.
 */
export function displayAt(text: string, isOpen: boolean): (Formula & { isOpen: boolean }) | null {
  if (!opensDisplay(text)) return null;
  const [, opening = ""] = OPENING.exec(text)!;
  const begin = text.indexOf(opening) + 2;
  const rest = text.slice(begin, begin + LONGEST);
  const broken = rest.search(BREAK);
  const inside = broken < 0 ? rest : rest.slice(0, broken + 1);
  const length = closingAt(inside, CLOSING[opening]!);
  if (length < 0) {
    const isCut = broken >= 0 || text.length > begin + LONGEST;
    return isOpen && !isCut ? { raw: text, isDisplay: true, isOpen: true } : null;
  }
  const after = begin + length + 2;
  const end = REST.exec(text.slice(after, after + 100));
  if (!end || !inside.slice(0, length).trim()) return null;
  return { raw: text.slice(0, after + end[0].length), isDisplay: true, isOpen: false };
}

/** A paragraph ends where a line begins a formula of its own. Gives where, else the text's length. */
export function paragraphEnd(text: string): number {
  const line = /\n(?= {0,3}(?:\$\$|\\\[))/g;
  for (let match = line.exec(text); match; match = line.exec(text)) {
    const at = match.index + 1;
    // The end of one that began within the paragraph is no beginning.
    const signs = text.slice(0, at).match(/(?<!\\)\$\$/g)?.length ?? 0;
    if (signs % 2 === 0 && opensDisplay(text.slice(at))) return at;
  }
  return text.length;
}

/** What is to be typeset of a formula as it is written. */
export function latexOf(raw: string): string {
  const text = raw.trim();
  const single = text.startsWith("$") && !text.startsWith("$$");
  const [, mark = ""] = /([.,;:])$/.exec(text) ?? [];
  const closed = text.slice(0, text.length - mark.length);
  return (single ? closed.slice(1, -1) : closed.slice(2, -2)) + mark;
}

/** A text that breaks off in a formula: where that begins, and what would end it. */
export function openFormula(text: string): { at: number; closing: string } | null {
  let found: { at: number; closing: string } | null = null;
  const done = formulasIn(text);
  for (const [opening, closing] of Object.entries(CLOSING)) {
    const at = text.lastIndexOf(opening);
    if (at < 0 || /[A-Za-z0-9$\\]/.test(text.charAt(at - 1))) continue;
    if (done.some(([begin, end]) => begin <= at && at < end)) continue;
    if (BLANK.test(text.slice(at))) continue;
    if (!found || at < found.at) found = { at, closing };
  }
  return found;
}

/**
 * Chinese, Japanese and Korean have no spaces between words, and punctuation of full width. What
 * CommonMark says of the two sides of a `**`, and GFM of the end of an address, is made for others.
 */

const LETTER = String.raw`\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Bopomofo}\u30fb\u30fc`;
/** Punctuation of full width, and the quotes and dashes that stand among such letters. */
const SIGN = String.raw`\u3000-\u303f\ufe30-\ufe4f\uff00-\uffef`;
const EITHER = new RegExp(`[${LETTER}${SIGN}]`, "u");
const ENDS_WITH = new RegExp(`[${LETTER}${SIGN}]$`, "u");
/** A run of markers with the characters on both sides of it. */
const RUN = /(?<=([^\s*~]?))(\*+|~~)(?=([^\s*~]?))/gu;
/** In the name of a host no such letter follows others; behind it, an address ends at the signs. */
const HOST_END = new RegExp(`[${LETTER}${SIGN}]`, "u");
const PATH_END = new RegExp(`[${SIGN}]`, "u");

/** The character before a marker, or nothing where it and its neighbour are no reason against it. */
export function beside(before: string, text: string): string {
  const next = /^(?:\*+|~+)(.)/u.exec(text)?.[1] ?? "";
  return text.startsWith("_") || !(ENDS_WITH.test(before) || EITHER.test(next)) ? before : "";
}

/** Letters in place of what stands beside a marker, where either is of these scripts. */
export function maskBeside(text: string): string {
  if (!EITHER.test(text)) return text;
  const masked = text.split("");
  for (const match of text.matchAll(RUN)) {
    const [, before = "", marks = "", after = ""] = match;
    if (!EITHER.test(before) && !EITHER.test(after)) continue;
    const begin = match.index;
    const end = begin + marks.length;
    masked.fill("a", begin - before.length, begin);
    masked.fill("a", end, end + after.length);
  }
  return masked.join("");
}

/** How much of what looks like an address is one. */
export function addressEnd(address: string): number {
  const [host = ""] = /^(?:[a-z]+:\/\/)?[^/?#]*/i.exec(address) ?? [];
  const inHost = host.search(HOST_END);
  if (inHost >= 0) return inHost;
  const inPath = address.search(PATH_END);
  return inPath < 0 ? address.length : inPath;
}

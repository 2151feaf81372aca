/**
 * Markdown's structure, as marked sees it, without what a stream or a hostile text cannot bear:
 * rules that look so far ahead that a block could still change when later text comes, and texts
 * that take time out of proportion to their length.
 */

import { getDefaults, Lexer, type Token, Tokenizer, type Tokens, type TokensList } from "marked";

export type { Token, Tokens };
export type Links = TokensList["links"];

/** Blocks, with the texts of their inline parts, which are not looked into yet. */
export interface Lexed {
  tokens: Token[];
  /** By the array that the inline tokens of a text go into. */
  runs: Map<Token[], string>;
}

/** Quotes and lists stand inside each other up to this depth; what is deeper is text. */
const DEPTH = 24;
const INLINE_DEPTH = 64;
/** A heading underlined with dashes and its line end within this many characters. */
const UNDERLINED = 1000;
/** A quote that goes on for longer is two: each of its lines can send marked back to the first. */
const QUOTE = 16_000;
/** marked can be quadratic in the markers of a text: beyond this product the text is just text. */
const INLINE_WORK = 1e7;
/** The line below a table's head. */
const COLUMNS = /^ {0,3}(?=.*[:|])[ \t:|-]+$/;
const MARKS = /[*_~]+|:\/\//g;

class StreamTokenizer extends Tokenizer {
  #depth = 0;

  /** HTML is shown as it is written, so none of it begins or ends a block. */
  override html(): undefined {}

  /** No part of a definition but its title has a line end, and a title is on one line. */
  override def(src: string): Tokens.Def | undefined {
    const def = super.def(src);
    if (!def) return;
    if (/^[^\]]*\n/.test(def.raw)) return;
    if (!def.title?.includes("\n")) return def;
    const title = def.raw.lastIndexOf("\n", def.raw.length - def.title.length - 2);
    return super.def(src.slice(0, title + 1));
  }

  /** Not where a table stands among the lines: it was one before the dashes came. */
  override lheading(src: string): Tokens.Heading | undefined {
    const end = src.length > UNDERLINED ? src.lastIndexOf("\n", UNDERLINED) + 1 : src.length;
    const queued = this.lexer.inlineQueue.length;
    const heading = super.lheading(src.slice(0, end));
    const lines = heading?.raw.split("\n").slice(0, -1) ?? [];
    const isTable = (line: string, i: number) =>
      COLUMNS.test(line) && this.table(lines.slice(i - 1).join("\n"));
    if (!lines.some(isTable)) return heading;
    this.lexer.inlineQueue.length = queued;
    return;
  }

  override blockquote(src: string): Tokens.Blockquote | undefined {
    const end = src.length > QUOTE ? src.lastIndexOf("\n", QUOTE) + 1 || QUOTE : src.length;
    return this.#deeper(() => super.blockquote(src.slice(0, end)));
  }

  override list(src: string): Tokens.List | undefined {
    return this.#deeper(() => super.list(src));
  }

  /** Two tildes strike through; a single one is "about": 5~10. */
  override del(src: string, masked: string, before?: string): Tokens.Del | undefined {
    return src.startsWith("~~") ? super.del(src, masked, before) : undefined;
  }

  #deeper<T>(lex: () => T | undefined): T | undefined {
    if (this.#depth >= DEPTH) return;
    this.#depth++;
    try {
      return lex();
    } finally {
      this.#depth--;
    }
  }
}

class StreamLexer extends Lexer {
  #depth = 0;

  constructor() {
    super({ ...getDefaults(), gfm: true, tokenizer: new StreamTokenizer() });
  }

  override inlineTokens(src: string, tokens: Token[] = []): Token[] {
    const marks = src.match(MARKS)?.length ?? 0;
    if (this.#depth >= INLINE_DEPTH || marks * src.length > INLINE_WORK) {
      tokens.push({ type: "text", raw: src, text: src });
      return tokens;
    }
    this.#depth++;
    try {
      return super.inlineTokens(src, tokens);
    } finally {
      this.#depth--;
    }
  }
}

export function lexBlocks(text: string): Lexed {
  const lexer = new StreamLexer();
  lexer.blockTokens(text, lexer.tokens);
  return {
    tokens: lexer.tokens,
    runs: new Map(lexer.inlineQueue.map(({ src, tokens }) => [tokens, src])),
  };
}

/** Look into the inline parts of some blocks. They know the links that are given, and no others. */
export function lexInline(blocks: Token[], runs: Lexed["runs"], links: Links): void {
  const lexer = new StreamLexer();
  lexer.tokens.links = links;
  for (const block of blocks) {
    for (const tokens of inlineArrays(block)) {
      const text = runs.get(tokens);
      // Only once, also if somebody asks again.
      if (text === undefined) continue;
      runs.delete(tokens);
      lexer.state.inRawBlock = lexer.state.inLink = false;
      lexer.inlineTokens(text, tokens);
    }
  }
}

/** Where the inline tokens of a block go, in the order of the text. */
export function inlineArrays(block: Token, found: Token[][] = []): Token[][] {
  if (block.type === "list") {
    for (const item of (block as Tokens.List).items) inlineArrays(item, found);
  } else if (block.type === "table") {
    const { header, rows } = block as Tokens.Table;
    for (const row of [header, ...rows]) for (const cell of row) found.push(cell.tokens);
  } else if (block.type === "blockquote" || block.type === "list_item") {
    for (const token of block.tokens ?? []) inlineArrays(token, found);
  } else if ("tokens" in block && block.tokens) {
    found.push(block.tokens);
  }
  return found;
}

/** Add the definitions in a block to the links. The first one of a label counts. */
export function collectLinks(block: Token, links: Links): void {
  if (block.type === "def") {
    const { tag, href, title } = block as Tokens.Def;
    links[tag] ??= { href, title };
  } else if (block.type === "list") {
    for (const item of (block as Tokens.List).items) collectLinks(item, links);
  } else if (block.type === "blockquote" || block.type === "list_item") {
    for (const token of block.tokens ?? []) collectLinks(token, links);
  }
}

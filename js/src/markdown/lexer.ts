/**
 * Markdown's structure, as marked sees it, without what a stream or a hostile text cannot bear:
 * rules that look so far ahead that a block could still change when later text comes, and texts
 * that take time out of proportion to their length.
 */

import { getDefaults, Lexer, type Token, Tokenizer, type Tokens, type TokensList } from "marked";
import { addressEnd, beside, maskBeside } from "./cjk";
import {
  displayAt,
  formulaAt,
  formulasIn,
  nextDollar,
  opensDisplay,
  paragraphEnd,
} from "./formula";

export type { Token, Tokens };
export type Links = TokensList["links"];

/** Blocks, with the texts of their inline parts, which are not looked into yet. */
export interface Lexed {
  tokens: Token[];
  /** By the array that the inline tokens of a text go into. */
  runs: Map<Token[], string>;
}

/** Labels of what a text refers to. */
export interface Labels {
  /** What leads somewhere, */
  used: Set<string>;
  /** and what may, once a definition comes. */
  missing: Set<string>;
}

/** A note below the text; `[^1]` in it leads there. */
export interface Footnote extends Tokens.Generic {
  type: "footnote";
  label: string;
  text: string;
  tokens: Token[];
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
const FOOTNOTE = /^ {0,3}\[(\^[^\]\s^]{1,100})\]:[ \t]*(?=\S)/;
/** What ends a note: an empty line, another block, another definition. */
const NOTE_END = /\n(?=[ \t]*(?:\n|[-*+>|#]|\d{1,9}[.)] |```|~~~|\[[^\]\n]+\]:)|$)/;

class StreamTokenizer extends Tokenizer {
  #depth = 0;
  readonly labels: Labels = { used: new Set(), missing: new Set() };
  #asked = "";
  #links: Links = Object.create(null);
  /** Tells which label marked looks for: it has its own idea of when two are the same. */
  #spy = new Proxy(Object.create(null) as Links, {
    get: (_, name) => {
      this.#asked ||= String(name);
      return this.#links[String(name)];
    },
  });

  get isTop(): boolean {
    return this.#depth === 0;
  }

  /** HTML is shown as it is written, so none of it begins or ends a block. */
  override html(): undefined {}

  /** No part of a definition but its title has a line end, and a title is on one line. */
  override def(src: string): Tokens.Def | undefined {
    const def = FOOTNOTE.test(src) ? undefined : super.def(src);
    if (!def) return;
    if (/^[^\]]*\n/.test(def.raw)) return;
    if (!def.title?.includes("\n")) return def;
    const title = def.raw.lastIndexOf("\n", def.raw.length - def.title.length - 2);
    return super.def(src.slice(0, title + 1));
  }

  /** Not where a table stands among the lines: it was one before the dashes came. */
  override lheading(src: string): Tokens.Heading | undefined {
    const most = src.length > UNDERLINED ? src.lastIndexOf("\n", UNDERLINED) + 1 : src.length;
    const end = paragraphEnd(src.slice(0, most));
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

  override reflink(src: string, links: Links): ReturnType<Tokenizer["reflink"]> {
    const around = this.#asked;
    this.#links = links;
    this.#asked = "";
    const token = super.reflink(src, this.#spy);
    const asked = this.#asked;
    // A link's text is looked into before it is given back.
    this.#asked = around;
    if (!token || asked === "") return token;
    const { used, missing } = this.labels;
    (token.type === "text" ? missing : used).add(asked);
    if (token.type === "text" || !asked.startsWith("^")) return token;
    // In `[text][^1]` only the mark leads there.
    if (!token.raw.startsWith("[^")) return { type: "text", raw: src[0]!, text: src[0]! };
    return { ...token, type: "note", label: asked } as never;
  }

  override emStrong(src: string, masked: string, before = ""): ReturnType<Tokenizer["emStrong"]> {
    return super.emStrong(src, masked, beside(before, src));
  }

  /** Two tildes strike through; a single one is "about": 5~10. */
  override del(src: string, masked: string, before = ""): Tokens.Del | undefined {
    return src.startsWith("~~") ? super.del(src, masked, beside(before, src)) : undefined;
  }

  override url(src: string): Tokens.Link | undefined {
    const link = super.url(src);
    const end = link ? addressEnd(link.raw) : 0;
    return link && end < link.raw.length ? super.url(src.slice(0, end)) : link;
  }

  override inlineText(src: string): ReturnType<Tokenizer["inlineText"]> {
    const token = super.inlineText(src);
    const end = token ? nextDollar(src, token.raw.length) : -1;
    return end > 0 ? super.inlineText(src.slice(0, end)) : token;
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
  readonly own: StreamTokenizer;
  #depth = 0;
  #source = "";

  /** `isOpen`: more lines may come after the text. */
  constructor(isOpen: boolean) {
    const own = new StreamTokenizer();
    const block = [
      (src: string) => formulaBlock(src, isOpen && own.isTop) ?? this.#beginsAnew(src),
      (src: string) => this.#footnote(src),
    ];
    super({
      ...getDefaults(),
      gfm: true,
      tokenizer: own,
      extensions: { block, inline: [formulaInline], childTokens: {}, renderers: {} },
      hooks: { emStrongMask: (masked: string) => this.#mask(masked) } as never,
    });
    this.own = own;
    // Not by a method of our own: then marked would put the parts of other paragraphs asunder.
    const { rules } = own;
    const { paragraph } = rules.block;
    const exec = (src: string) => paragraph.exec(src.slice(0, paragraphEnd(src)));
    own.rules = { ...rules, block: { ...rules.block, paragraph: { exec } as RegExp } };
  }

  /** What begins like a formula of its own is a paragraph of its own, whatever it turns out to be. */
  #beginsAnew(src: string): Token | undefined {
    return this.state.top && opensDisplay(src) ? this.own.paragraph(src) : undefined;
  }

  #footnote(src: string): Footnote | undefined {
    const [opening, label = ""] = FOOTNOTE.exec(src) ?? [];
    if (!opening) return;
    const end = src.search(NOTE_END);
    const raw = end < 0 ? src : src.slice(0, end + 1);
    const text = raw.slice(opening.length).trim();
    return { type: "footnote", raw, label: normal(label), text, tokens: this.inline(text) };
  }

  /** What emphasis sees of a text. */
  #mask(masked: string): string {
    const chars = masked.split("");
    for (const [begin, end] of formulasIn(this.#source)) chars.fill("a", begin, end);
    return maskBeside(chars.join(""));
  }

  override inlineTokens(src: string, tokens: Token[] = []): Token[] {
    this.#source = src;
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

/** When two labels are the same, as marked has it. */
function normal(label: string): string {
  return label.toLowerCase().toUpperCase().toLowerCase();
}

function formulaBlock(src: string, isOpen: boolean): Tokens.Generic | undefined {
  const found = displayAt(src, isOpen);
  return found ? { type: "formula", ...found, isBlock: true } : undefined;
}

function formulaInline(src: string, tokens: Token[]): Tokens.Generic | undefined {
  const before = tokens.at(-1)?.raw.at(-1) ?? "";
  const found = /^[\\$]/.test(src) ? formulaAt(src, 0, before) : undefined;
  return found ? { type: "formula", ...found } : undefined;
}

/** `isOpen`: the text is whole lines, and more of them may come. */
export function lexBlocks(text: string, isOpen = false): Lexed {
  const lexer = new StreamLexer(isOpen);
  lexer.blockTokens(text, lexer.tokens);
  return {
    tokens: lexer.tokens,
    runs: new Map(lexer.inlineQueue.map(({ src, tokens }) => [tokens, src])),
  };
}

/**
 * Look into the inline parts of some blocks. They know the links that are given, and no others.
 * Gives what they refer to.
 */
export function lexInline(blocks: Token[], runs: Lexed["runs"], links: Links): Labels {
  const lexer = new StreamLexer(false);
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
  return lexer.own.labels;
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

/** Add the definitions in a block to the links. The first one of a label counts; gives those. */
export function collectLinks(block: Token, links: Links, found: string[] = []): string[] {
  const { items, tokens } = block as Tokens.Generic & { items?: Token[] };
  if (block.type === "def") {
    const { tag, href, title } = block as Tokens.Def;
    if (!links[tag]) found.push(tag);
    links[tag] ??= { href, title };
  } else if (block.type === "footnote") {
    const { label, text } = block as Footnote;
    if (!links[label]) found.push(label);
    links[label] ??= { href: "", title: text };
  } else if (/^(?:list|blockquote|list_item)$/.test(block.type)) {
    for (const token of items ?? tokens ?? []) collectLinks(token, links, found);
  }
  return found;
}

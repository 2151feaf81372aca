/** A fenced code block as it comes in: what of its text is sure, line by line, and where it ends. */

const OPENING = /^( {0,3})(`{3,}(?=[^`\n]*(?:\n|$))|~{3,})([^\n]*)(?:\n|$)/;

/** Where a text begins with a whole line that opens a fence, the length of that line, else 0. */
export function opensFence(text: string, finished: boolean): number {
  const line = OPENING.exec(text)?.[0] ?? "";
  return finished || line.endsWith("\n") ? line.length : 0;
}

export class Fence {
  readonly info: string;
  isClosed = false;
  #indent: RegExp;
  #closing: RegExp;
  /** What could still become the closing line. */
  #mayClose: RegExp;
  /** The beginning of a line that may yet close the block. */
  #held = "";
  #isHeld = true;
  #isFirst = true;

  constructor(opening: string) {
    const [, indent = "", fence = "", info = ""] = OPENING.exec(opening) ?? [];
    this.info = info.replace(/\\([!-/:-@[-`{-~])/g, "$1");
    this.#indent = new RegExp(`^ {0,${indent.length}}`);
    const mark = fence.charAt(0);
    this.#closing = new RegExp(`^ {0,3}${fence}${mark}* *$`);
    this.#mayClose = new RegExp(`^ {0,3}${mark}* *$`);
  }

  /**
   * Go on with the text that has come since. Gives the code that is new and sure; once the block
   * `isClosed`, also how much of the text was the block's, its last line end included.
   */
  push(text: string, finished: boolean): { code: string; used: number } {
    let code = "";
    let used = 0;
    while (!this.isClosed && used < text.length) {
      const end = text.indexOf("\n", used);
      code += this.#take(end < 0 ? text.slice(used) : text.slice(used, end), end >= 0);
      used = end < 0 ? text.length : end + 1;
    }
    if (finished && !this.isClosed) {
      if (this.#held !== "") code += this.#take("", true);
      this.isClosed = true;
    }
    return { code, used };
  }

  /** Part of a line, and whether it is the line's end. */
  #take(part: string, isEnd: boolean): string {
    let code = part;
    if (this.#isHeld) {
      this.#held += part;
      code = "";
      if (isEnd && this.#closing.test(this.#held)) {
        this.isClosed = true;
      } else if (isEnd || !this.#mayClose.test(this.#held)) {
        code = (this.#isFirst ? "" : "\n") + this.#held.replace(this.#indent, "");
        this.#isHeld = this.#isFirst = false;
      }
    }
    if (isEnd) {
      this.#isHeld = true;
      this.#held = "";
    }
    return code;
  }
}

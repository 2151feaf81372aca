import { describe, expect, it } from "vitest";
import { apply, initial } from "../src/state";
import { codePoints, factsOf, inspectTokens } from "../src/views/inspector";
import { TokensView } from "../src/views/tokens";
import { chunks, frame, setup, start } from "./helpers";

function shown(...texts: string[]) {
  const state = initial();
  apply(state, frame(0, start(), chunks(...texts)));
  const run = state.runs[0]!;
  const tokens = new TokensView(setup());
  while (tokens.update(run.texts));
  const root = document.createElement("section");
  root.append(tokens.el);
  inspectTokens(tokens, root, () => run);
  return { run, tokens, card: root.querySelector<HTMLElement>(".nbs-card")! };
}

function point(target: Element): void {
  target.dispatchEvent(new Event("pointerover", { bubbles: true }));
}

describe("the card", () => {
  it("says what the chunk under the pointer is made of, and when it came", () => {
    const { tokens, card } = shown("Here", " is\n", "<b>");
    expect(card.hidden).toBe(true);
    point(tokens.el.querySelectorAll(".nbs-token")[1]!);
    expect(card.hidden).toBe(false);
    const lines = [...card.children].map((line) => line.textContent);
    expect(lines).toEqual([
      '" is\\n"',
      "U+0020 U+0069 U+0073 U+000A",
      "#2 of 3 · 20 ms after the start · 10 ms after the one before",
    ]);
    point(tokens.el.querySelectorAll(".nbs-token")[2]!);
    expect(card.querySelector("b")).toBeNull();
    tokens.el.dispatchEvent(new Event("pointerleave"));
    expect(card.hidden).toBe(true);
  });

  it("is gone where there is no chunk", () => {
    const { tokens, card } = shown("a");
    point(tokens.el.querySelector(".nbs-token")!);
    point(tokens.el);
    expect(card.hidden).toBe(true);
  });

  it("knows a chunk's number in any block", () => {
    const texts = Array.from({ length: 1000 }, (_, i) => (i % 10 === 9 ? "\n" : "x"));
    const { tokens } = shown(...texts);
    const all = [...tokens.el.querySelectorAll<HTMLElement>(".nbs-token")];
    for (const i of [0, 299, 300, 301, 999]) expect(tokens.indexOf(all[i]!)).toBe(i);
  });

  it("counts characters, not their halves, and not without end", () => {
    expect(codePoints("🐟e\u0301")).toBe("U+1F41F U+0065 U+0301");
    expect(codePoints("a".repeat(20))).toMatch(/^(U\+0061 ){8}… 12 more$/);
    expect(factsOf(shown("a").run, 0)).toBe("#1 of 1 · 10 ms after the start");
  });
});

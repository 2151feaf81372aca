import { describe, expect, it } from "vitest";
import { codePoints, inspectTokens } from "../src/views/inspector";
import { TokensView } from "../src/views/tokens";
import { chunks, press, start, storeOf } from "./helpers";

function shown(...texts: string[]) {
  const { store } = storeOf(start(), chunks(...texts));
  const tokens = new TokensView(store.setup);
  while (tokens.follow(tokens.update(store.run)));
  const root = document.createElement("section");
  root.append(tokens.el);
  inspectTokens(tokens, root, () => store.run);
  return { tokens, card: root.querySelector<HTMLElement>(".nbs-card")! };
}

function point(target: Element): void {
  target.dispatchEvent(new Event("pointerover", { bubbles: true }));
}

describe("the card", () => {
  it("says what the chunk under the pointer is made of, and when it came", () => {
    const { tokens, card } = shown("Here", " is\n", "<b>");
    expect(card.hidden).toBe(true);
    point(tokens.tokenAt(1)!);
    expect(card.hidden).toBe(false);
    const lines = [...card.children].map((line) => line.textContent).filter((line) => line);
    expect(lines).toEqual([
      '" is\\n"',
      "U+0020 U+0069 U+0073 U+000A",
      "#2 of 3 · 20 ms after the start · 10 ms after the one before",
      "M",
    ]);
    point(tokens.tokenAt(2)!);
    expect(card.querySelector("b")).toBeNull();
    tokens.el.dispatchEvent(new Event("pointerleave"));
    expect(card.hidden).toBe(true);
  });

  it("is gone where there is no chunk", () => {
    const { tokens, card } = shown("a");
    point(tokens.tokenAt(0)!);
    point(tokens.el);
    expect(card.hidden).toBe(true);
  });

  it("goes where the keys go", () => {
    const { tokens, card } = shown("a", "b", "c");
    const at = () => tokens.el.querySelector(".nbs-current")?.textContent;
    const seen = ["ArrowRight", "ArrowRight", "ArrowLeft", "ArrowLeft", "End", "ArrowRight"].map(
      (key) => {
        expect(press(tokens.el, key).defaultPrevented).toBe(true);
        return at();
      },
    );
    expect(seen).toEqual(["a", "b", "a", "a", "c", "c"]);
    expect(card.textContent).toContain("#3 of 3");
    press(tokens.el, "Home");
    expect(at()).toBe("a");
    press(tokens.el, "Escape");
    expect([at(), card.hidden]).toEqual([undefined, true]);
    expect(press(tokens.el, "ArrowDown").defaultPrevented).toBe(false);
  });

  it("counts characters, not their halves, and not without end", () => {
    expect(codePoints("🐟e\u0301")).toBe("U+1F41F U+0065 U+0301");
    expect(codePoints("a".repeat(20))).toMatch(/^(U\+0061 ){8}… 12 more$/);
  });
});

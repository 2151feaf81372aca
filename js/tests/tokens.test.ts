import { describe, expect, it } from "vitest";
import { BATCH, TokensView } from "../src/views/tokens";
import { setup } from "./helpers";

function shownAll(texts: string[]): TokensView {
  const view = new TokensView(setup());
  while (view.update(texts));
  return view;
}

describe("TokensView", () => {
  it("shows each chunk in an element of its own, and the text is the text", () => {
    const view = shownAll(["Here", " is", "\n", "a"]);
    expect(view.el.querySelectorAll(".nbs-token")).toHaveLength(4);
    expect(view.el.textContent).toBe("Here is\na");
  });

  it("adds only what is new, a batch at a time", () => {
    const view = new TokensView(setup());
    const texts = Array.from({ length: BATCH + 10 }, () => "x");
    expect(view.update(texts)).toBe(true);
    expect(view.shown).toBe(BATCH);
    const first = view.el.querySelector(".nbs-token");
    expect(view.update(texts)).toBe(false);
    expect(view.shown).toBe(BATCH + 10);
    expect(view.el.querySelector(".nbs-token")).toBe(first);
  });

  it("ends a block where a line ends", () => {
    const texts = Array.from({ length: 1000 }, (_, i) => (i % 10 === 9 ? "\n" : "x"));
    const view = shownAll(texts);
    const blocks = [...view.el.querySelectorAll(".nbs-block")];
    expect(blocks.length).toBeGreaterThan(2);
    for (const block of blocks) expect(block.textContent?.endsWith("\n")).toBe(true);
    expect(view.el.textContent).toBe(texts.join(""));
  });

  it("bounds a block that has no line end", () => {
    const view = shownAll(Array.from({ length: 7000 }, () => "x"));
    expect(view.el.querySelectorAll(".nbs-block").length).toBe(3);
  });

  it("takes what a model says as text", () => {
    const hostile = ["<script>", "alert(1)", "</script>", "<img src=x onerror=alert(1)>"];
    const view = shownAll(hostile);
    expect(view.el.querySelector("script, img")).toBeNull();
    expect(view.el.textContent).toBe(hostile.join(""));
  });
});

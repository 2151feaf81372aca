import { afterEach, describe, expect, it, vi } from "vitest";
import { keyOf, load, provide, provided, useBuild } from "../src/modules";
import { answering } from "../src/page/answers";
import { unpack } from "../src/page/packed";
import type { Traits } from "../src/protocol";

/** "fish", as Python packs it. */
const FISH = "H4sIAAAAAAACA0vLLM4AADNEdD8EAAAA";

async function pack(text: string): Promise<string> {
  const stream = new Blob([text]).stream().pipeThrough(new CompressionStream("gzip"));
  const bytes = new Uint8Array(await new Response(stream).arrayBuffer());
  return btoa(String.fromCharCode(...bytes));
}

function put(name: string, value: unknown): void {
  const script = document.createElement("script");
  script.type = "application/json";
  script.id = `nbstream-${name}`;
  script.textContent = JSON.stringify(value);
  document.body.append(script);
}

afterEach(() => document.body.replaceChildren());

describe("A page of its own", () => {
  it("unpacks what Python has packed", async () => {
    expect(await unpack(FISH)).toBe("fish");
  });

  it("has the log to save: a run's, or a turn's", async () => {
    put("archive", await pack("{}\n{}\n"));
    const tell = vi.fn();
    answering({} as Traits, tell)({ type: "export", form: "jsonl" });
    await vi.waitFor(() => expect(tell).toHaveBeenCalled());
    expect(tell.mock.lastCall).toEqual([{ type: "export", text: "{}\n{}\n" }]);
    document.body.replaceChildren();
    put("archive", await pack(JSON.stringify({ logs: { 7: "{7}" } })));
    answering({} as Traits, tell)({ type: "export", form: "jsonl", turn: 7 });
    await vi.waitFor(() => expect(tell).toHaveBeenCalledTimes(2));
    expect(tell.mock.lastCall).toEqual([{ type: "export", turn: 7, text: "{7}" }]);
  });

  it.each([
    [0, 5], // by way of 3, the newest after it
    [1, 1],
    [2, 4],
    [9, 9], // one that there is not
  ])("goes from turn %i to the newest end, as Python does: %i", (turn, end) => {
    const parents = [null, null, 0, 0, 2, 3];
    const turns = parents.map((parent, id) => ({ id, parent }));
    const tell = vi.fn();
    answering({ _log: { type: "chat", turns } } as never, tell)({ type: "switch", turn });
    expect(tell).toHaveBeenCalledWith({ type: "leaf", turn: end });
  });

  it("comes to an end where turns go round", () => {
    const turns = [
      { id: 0, parent: 1 },
      { id: 1, parent: 0 },
    ];
    const tell = vi.fn();
    answering({ _log: { turns } } as never, tell)({ type: "switch", turn: 0 });
    expect(tell).toHaveBeenCalledOnce();
  });

  it("runs a module in its own way, which no notebook keeps", async () => {
    useBuild("shared");
    provide(keyOf("x"), async () => ({ answer: 42 }));
    expect(await load("x", () => {})).toEqual({ answer: 42 });
    expect(provided(keyOf("x"))).toBeUndefined();
  });
});

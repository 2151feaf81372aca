import { beforeEach, describe, expect, it, vi } from "vitest";
import { runAgain } from "../src/compare/again";
import { createMarkdown } from "../src/markdown";
import * as modules from "../src/modules";
import { createTranscript } from "../src/reading/view";
import { chunks, end, frame, press, settle, start } from "./helpers";
import { button, leave, model, open, setManager } from "./page";

const HOSTILE = "<img src=x onerror=window.hacked=1>";
const ASKED = {
  type: "asked",
  run: 0,
  model: HOSTILE,
  messages: [
    { role: "system", text: "Brief." },
    { role: "human", text: HOSTILE },
  ],
  settings: { max_tokens: 12, temperature: null },
};

beforeEach(() => {
  vi.spyOn(modules, "load").mockResolvedValue({ runAgain, createTranscript, createMarkdown });
});

async function ask(view: "timeline" | "transcript" = "timeline"): Promise<HTMLElement> {
  const root = open({ view })();
  model.receive(frame(0, start(), chunks("Blub"), end()));
  await settle();
  if (view === "timeline") root.querySelector<HTMLElement>("[data-run='0']")!.click();
  await settle();
  const from = root.querySelector<HTMLElement>("button.nbs-run-again:not([hidden])")!;
  from.focus();
  from.click();
  await settle();
  model.receive(ASKED as never);
  return root;
}

const form = () => document.querySelector<HTMLFormElement>(".nbs-again-form")!;
const again = () => model.sent.find((one) => (one as { type: string }).type === "again");

describe("a call that is made again", () => {
  it.each(["timeline", "transcript"] as const)("is written anew from the %s", async (view) => {
    await ask(view);
    expect(model.sent).toContainEqual({ type: "asked", run: 0 });
    const areas = form().querySelectorAll("textarea");
    expect([...areas].map((one) => one.value)).toEqual(["Brief.", HOSTILE]);
    expect(form().querySelector("img")).toBeNull();
    expect(document.activeElement).toBe(areas[1]);
    areas[1]!.value = "Other";
    const [limit, temperature] = form().querySelectorAll("input");
    expect(limit!.value).toBe("12");
    temperature!.value = "0.5";
    form().requestSubmit();
    // What is as it was is not sent: Python has it whole.
    const settings = { temperature: 0.5 };
    expect(again()).toEqual({ type: "again", run: 0, texts: { 1: "Other" }, settings });
    expect(form()).toBeNull();
    expect(document.activeElement!.textContent).toBe("Run again…");
  });

  it("can be left by keyboard, and nothing is asked", async () => {
    await ask();
    press(form().querySelector("textarea")!, "Escape");
    expect(form()).toBeNull();
    expect(again()).toBeUndefined();
  });

  it("is shown below, once each, also to a page that opens later", async () => {
    const made: string[] = [];
    setManager({
      get_model: async (id: string) => id,
      create_view: async (id: string) => {
        made.push(id);
        return { el: Object.assign(document.createElement("p"), { textContent: id }) };
      },
    });
    const root = open({ _again: ["IPY_MODEL_a"] })();
    await settle();
    model.set("_again", ["IPY_MODEL_a", "IPY_MODEL_b"]);
    await settle();
    expect(made).toEqual(["a", "b"]);
    expect(root.parentElement!.querySelector(".nbs-agains")!.textContent).toBe("ab");
  });

  it("is said to be in Python where the page can show no other widget", async () => {
    const root = open({ _again: ["IPY_MODEL_a"] })();
    vi.spyOn(console, "error").mockImplementation(() => {});
    await settle();
    expect(root.textContent).toContain("In Python: view.run_again(run).");
    leave.abort();
  });

  it("has a button only for a model's call", async () => {
    const root = open({ view: "timeline" })();
    model.receive(frame(0, start(0, { type: "chain" }), end()));
    await settle();
    root.querySelector<HTMLElement>("[data-run='0']")!.click();
    await settle();
    expect(button(root, "Run again")).toBeNull();
    expect(root.querySelector<HTMLElement>(".nbs-run-again")!.hidden).toBe(true);
  });
});

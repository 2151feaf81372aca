/** A call and what came of it, what ran at the provider's end, and images. */

import { button, element, on, setText } from "../dom";
import type { RunState } from "../state";
import type { Store } from "../store";
import { type Drawn, Growing, type List } from "../views/list";
import { count, duration } from "../words";
import { ApprovalElement, approvalOf } from "./approval";
import type { Entry } from "./entries";
import type { Call, Part, Server } from "./parts";
import { lineOf } from "./written";

/** What is drawn inside a call. */
export type MakeEntries = (el: HTMLElement) => List<Entry>;

type Doing =
  | "writing"
  | "asked"
  | "approval"
  | "running"
  | "done"
  | "denied"
  | "failed"
  | "stopped"
  | "unanswered";

const WORDS: { [doing in Doing]: string } = {
  writing: "Writing the call…",
  asked: "Waiting…",
  approval: "Waits for you",
  running: "Running",
  done: "",
  denied: "Not allowed",
  failed: "Failed",
  stopped: "Stopped",
  unanswered: "No result",
};

export class CallElement implements Drawn<Part | Entry> {
  readonly el: HTMLElement;
  #store: Store;
  #name = element("bdi", { class: "nbs-tr-name" });
  #word = element("span", { class: "nbs-tr-word" });
  #args = new Growing("nbs-tr-args", "Arguments");
  #approval: ApprovalElement;
  #output: Output;
  #result = new Growing("nbs-tr-result", "Result");
  #images = element("div", { class: "nbs-tr-images" });
  #inside: List<Entry>;
  #shown = "";

  constructor(store: Store, makeEntries: MakeEntries) {
    this.#store = store;
    this.#approval = new ApprovalElement(store);
    this.#output = new Output();
    const head = { class: "nbs-tr-call-head", role: "heading", "aria-level": "5" };
    const entries = element("div", { class: "nbs-tr-inside" });
    this.#inside = makeEntries(entries);
    this.el = element(
      "section",
      { class: "nbs-tr-call" },
      element("div", head, this.#name, this.#word),
      this.#args.el,
      this.#approval.el,
      this.#output.el,
      entries,
      this.#result.el,
      this.#images,
    );
  }

  update(item: Part | Entry): boolean {
    const call = item as Call;
    const { state, now } = this.#store;
    const tool = call.tool === null ? undefined : state.runs[call.tool];
    const doing = this.#doing(call, tool);
    this.el.dataset.doing = doing;
    setText(this.#name, call.name);
    const took = tool ? duration((tool.end ?? now) - tool.start) : "";
    setText(this.#word, [WORDS[doing], took].filter(Boolean).join(" · "));
    const aside = call.aside === null ? null : state.runs[call.model!]?.asides[call.aside];
    if (aside) this.#args.update(aside.pieces);
    else this.#args.set(call.args ?? "");
    this.#approval.update(tool);
    this.#output.update(call.tells.map((at) => state.runs[at]!));
    const isMore = this.#inside.update(call.inside);
    this.#inside.el.hidden = call.inside.length === 0;
    if (tool?.error) this.#result.set(`${tool.error.type}: ${tool.error.message}`);
    else if (tool) this.#result.update(tool.texts);
    else this.#result.set(call.result ?? "");
    this.#showImages(call.images);
    return isMore;
  }

  #doing(call: Call, tool: RunState | undefined): Doing {
    if (tool) {
      const verdict = approvalOf(tool)?.verdict;
      if (verdict === "wait" && tool.end === null) return "approval";
      return verdict === "deny" && tool.status === "done" ? "denied" : tool.status;
    }
    if (call.result !== null) return call.failed ? "failed" : "done";
    const model = call.model === null ? undefined : this.#store.state.runs[call.model];
    const isLast = model && call.aside === model.asides.length - 1;
    if (model?.end === null && isLast && model.asides[call.aside!]!.at === model.texts.length) {
      return "writing";
    }
    return this.#store.isRunning || this.#store.replay.state ? "asked" : "unanswered";
  }

  #showImages(images: readonly string[]): void {
    const key = images.map((url) => url.length).join();
    if (key === this.#shown) return;
    this.#shown = key;
    this.#images.replaceChildren(...images.map(imageElement));
  }
}

/** What a tool says of itself while it runs. */
class Output {
  readonly el: HTMLElement;
  #text = new Growing("nbs-tr-output", "Output while it ran");
  #lines: string[] = [];
  #taken = new Map<string, number>();

  constructor() {
    this.el = this.#text.el;
  }

  update(runs: readonly RunState[]): void {
    if (runs.some(({ id, customs }) => (this.#taken.get(id) ?? 0) > customs.length)) {
      this.#lines = [];
      this.#taken.clear();
    }
    for (const { id, customs } of runs) {
      for (let i = this.#taken.get(id) ?? 0; i < customs.length; i++) {
        const { name, data } = customs[i]!;
        const line = lineOf(name, data);
        if (line !== null) this.#lines.push(`${line}\n`);
      }
      this.#taken.set(id, customs.length);
    }
    this.#text.update(this.#lines);
  }
}

/** A tool at the provider's end: a line, which opens where there is more. */
export class ServerElement implements Drawn<Part> {
  readonly el: HTMLElement;
  #name = element("span", { class: "nbs-tr-name" });
  #args = element("bdi", { class: "nbs-tr-query" });
  #word = element("span", { class: "nbs-tr-word" });
  #links = element("ol", { class: "nbs-tr-sources" });
  #result = new Growing("nbs-tr-result", "Result");
  #shown = 0;

  constructor() {
    const summary = element("summary", {}, this.#name, this.#args, this.#word);
    this.el = element("details", { class: "nbs-tr-server" }, summary, this.#links, this.#result.el);
  }

  update(part: Part): boolean {
    const { name, args, links, result, failed } = part as Server;
    setText(this.#name, name.replaceAll("_", " "));
    setText(this.#args, args);
    const found = links.length > 0 ? count(links.length, "result") : "";
    setText(this.#word, failed ? "Failed" : result === null ? "Running" : found);
    this.el.toggleAttribute("data-failed", failed);
    this.el.toggleAttribute("data-empty", links.length === 0 && !result);
    if (this.#shown !== links.length) {
      this.#shown = links.length;
      this.#links.replaceChildren(...links.map((link) => element("li", {}, linkTo(link))));
    }
    this.#links.hidden = links.length === 0;
    this.#result.set(result ?? "");
    return false;
  }
}

/** A link, where the address is one of the web. */
export function linkTo({ url, title }: { url: string; title: string }): HTMLElement {
  if (!/^https?:\/\//.test(url)) return element("bdi", {}, title);
  const attributes = { href: url, target: "_blank", rel: "noopener noreferrer", title: url };
  return element("a", attributes, element("bdi", {}, title));
}

/** An image; one that lies elsewhere is fetched when the reader says so. */
export function imageElement(url: string): HTMLElement {
  if (url === "") return element("span", { class: "nbs-tr-note" }, "Image (not shown)");
  const show = () => {
    const keeps = { referrerpolicy: "no-referrer", loading: "lazy", alt: "Image in the answer" };
    return element("img", { class: "nbs-tr-image", ...keeps, src: url });
  };
  if (url.startsWith("data:")) return show();
  const host = URL.canParse(url) ? new URL(url).host : "";
  // A page that fetched it would tell its host who reads this.
  const wanted = button("nbs-text-button", `Show the image (${host})`);
  on(wanted, "click", () => wanted.replaceWith(show()));
  return wanted;
}

export class ImageElement implements Drawn<Part> {
  readonly el = element("div", { class: "nbs-tr-images" });
  #url: string | null = null;

  update(part: Part): boolean {
    const { url } = part as { url: string };
    if (url !== this.#url) this.el.replaceChildren(imageElement(url));
    this.#url = url;
    return false;
  }
}

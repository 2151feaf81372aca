/** The line on top: how the run is doing, by which model, how fast, and what can be done. */

import { download, writeClipboard } from "../clipboard";
import { button, element, iconButton, on, setText } from "../dom";
import { loaded } from "../modules";
import type { ExportForm } from "../protocol";
import { modelName } from "../state";
import type { Doing, Store } from "../store";
import { textOfTurns } from "../turns";
import { allFigures, duration } from "../words";
import { Spark } from "./figures";
import { menu } from "./menu";
import type { TranscriptModule } from "./transcript";

export const WORDS: { [doing in Doing]: string } = {
  waiting: "Waiting",
  streaming: "Streaming",
  stopping: "Stopping…",
  done: "Done",
  stopped: "Stopped",
  failed: "Failed",
  gone: "Kernel gone",
};

export const SAVE_PAGE = "Save a page that plays (HTML)";

export class HeaderView {
  readonly el: HTMLElement;
  #store: Store;
  #root: HTMLElement;
  #word = element("span", { class: "nbs-word", role: "status" });
  #model = element("bdi", { class: "nbs-model" });
  #metrics = element("span", { class: "nbs-metrics" });
  #figures = button("nbs-figures-button");
  #spark = new Spark();
  #stop = iconButton("Stop", "nbs-stop", "M4.5 4.5h7v7h-7z");
  #copy = iconButton("Copy the text", "nbs-copy", "M5.5 5.5h8v8h-8z", "M10.5 5.5v-3h-8v8h3");
  #replay = iconButton("Play it again", "nbs-again", "M3 3v3.5h3.5", "M3.6 6.2a5 5 0 11-.6 3.3");
  #saved = element("span", { class: "nbs-saved", role: "status" });
  #delimiter: () => string;

  constructor(store: Store, root: HTMLElement, delimiter: () => string, schedule: () => void) {
    this.#store = store;
    this.#delimiter = delimiter;
    this.#root = root;
    this.#figures.append(this.#spark.el, this.#metrics);
    this.#figures.title = "Show all metrics";
    const more = menu(
      "More",
      [
        { label: "Copy with delimiters", run: () => this.#copyWith() },
        {
          label: "Save as Markdown",
          run: () => download("answer.md", this.#markdown, "text/markdown"),
        },
        { label: "Save as text", run: () => download("answer.txt", this.#text, "text/plain") },
        { label: "Save the log (JSON lines)", run: () => this.#export("jsonl") },
        ...(store.isShared ? [] : [{ label: SAVE_PAGE, run: () => this.#export("html") }]),
      ],
      root,
    );
    this.el = element(
      "header",
      { class: "nbs-header" },
      element("span", { class: "nbs-status" }, this.#word),
      this.#model,
      this.#figures,
      this.#saved,
      element("span", { class: "nbs-buttons" }, this.#stop, this.#replay, this.#copy, more),
    );
    on(this.#figures, "click", () => {
      store.setup.figuresOpen = !store.setup.figuresOpen;
      schedule();
    });
    on(this.#copy, "click", async () => {
      await writeClipboard(this.#text, root);
      this.#tell("Copied");
    });
    on(this.#replay, "click", () => {
      store.setup.replayOpen = true;
      store.replay.play();
    });
    on(this.#stop, "click", () => {
      // The button cannot keep the keyboard: what is pressed next is for the notebook.
      root.focus({ preventScroll: true });
      store.stop();
    });
  }

  update(now: number): void {
    const { state, live, setup, doing, isRunning, isShared } = this.#store;
    setText(this.#word, doing === "gone" && isShared ? "Unfinished" : WORDS[doing]);
    setText(this.#model, modelName(live) ?? "");
    const { run } = this.#store;
    const words = allFigures(state, this.#store.price());
    // Before the first token the wait itself is the news.
    if (doing === "waiting" && run) words.unshift(duration(now - run.start));
    setText(this.#metrics, words.join(" · "));
    this.#spark.update(state, now);
    this.#figures.hidden = words.length === 0;
    this.#figures.setAttribute("aria-expanded", String(setup.figuresOpen));
    this.#copy.disabled = !this.#store.places.some((at) => state.runs[at]?.texts.length);
    this.#stop.hidden = !isRunning;
    this.#stop.disabled = this.#store.isStopping;
    this.#replay.hidden = isRunning || live.runs.length === 0;
  }

  /** Put more buttons before the others. */
  add(buttons: readonly HTMLElement[]): void {
    this.#stop.after(...buttons);
  }

  focusReplay(): void {
    this.#replay.focus();
  }

  get #text(): string {
    return this.#joined("");
  }

  /** All of it as a conversation, where it is read as one. */
  get #markdown(): string {
    const reading = this.#root.dataset.view === "transcript";
    const module = reading && loaded<TranscriptModule>("transcript");
    return module ? module.written(this.#store.state.runs) : this.#text;
  }

  #joined(between: string): string {
    const { places, state } = this.#store;
    return textOfTurns(state.runs, places, between);
  }

  async #copyWith(): Promise<void> {
    const between = this.#delimiter() || "|";
    await writeClipboard(this.#joined(between), this.#root);
    this.#tell("Copied");
  }

  async #export(form: ExportForm): Promise<void> {
    const { exporter, isGone, isShared } = this.#store;
    this.#tell(await exporter.save("run", form, isGone && !isShared));
  }

  #tell(words: string): void {
    setText(this.#saved, words);
    setTimeout(() => setText(this.#saved, ""), 2500);
  }
}

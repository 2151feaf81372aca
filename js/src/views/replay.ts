/** The bar that plays the stream again: play, where it is, how fast. */

import { choice, element, iconButton, on, setText } from "../dom";
import { type Player, SPEEDS } from "../replay";
import { duration } from "../words";

const STEPS = 1000;

export class ReplayView {
  readonly el: HTMLElement;
  #play = iconButton("Play", "nbs-play", "M5 3.5v9l7-4.5z");
  #pause = iconButton("Pause", "nbs-pause", "M5 3.5v9", "M11 3.5v9");
  #range = element("input", {
    type: "range",
    min: "0",
    max: String(STEPS),
    value: String(STEPS),
    "aria-label": "Time",
    class: "nbs-range",
  });
  #time = element("span", { class: "nbs-replay-time" });
  #replay: Player;

  /** @param onClose is called when the reader has seen enough. */
  constructor(replay: Player, onClose: () => void) {
    this.#replay = replay;
    const speeds = SPEEDS.map((speed) => [String(speed), `${speed}×`] as const);
    const speed = choice("Speed", speeds, (value) => {
      replay.speed = Number(value);
    });
    speed.value = String(replay.speed);
    const close = iconButton("Close replay", "", "M4 4l8 8", "M12 4l-8 8");
    this.el = element(
      "div",
      { class: "nbs-replay", role: "group", "aria-label": "Replay" },
      this.#play,
      this.#pause,
      this.#range,
      this.#time,
      speed,
      close,
    );
    on(this.#play, "click", () => {
      replay.play();
      this.#pause.focus();
    });
    on(this.#pause, "click", () => {
      replay.pause();
      this.#play.focus();
    });
    on(this.#range, "input", () => {
      const [begin, end] = replay.span;
      if (replay.isPlaying) replay.pause();
      replay.seek(begin + (Number(this.#range.value) / STEPS) * (end - begin));
    });
    on(close, "click", () => {
      replay.leave();
      onClose();
    });
  }

  update(): void {
    const replay = this.#replay;
    const [begin, end] = replay.span;
    const at = replay.state ? replay.time : end;
    this.#play.hidden = replay.isPlaying;
    this.#pause.hidden = !replay.isPlaying;
    const share = end > begin ? (at - begin) / (end - begin) : 1;
    this.#range.value = String(Math.round(share * STEPS));
    const words = `${duration(at - begin)} of ${duration(end - begin)}`;
    this.#range.setAttribute("aria-valuetext", words);
    setText(this.#time, words);
  }
}

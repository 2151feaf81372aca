/** Figures in words. */

import { type Metrics, metrics, type Price, roots, type ViewState } from "./state";

/** The figures in the header: of several calls, how many there are, and what they add up to. */
export function allFigures(state: ViewState, price?: Price): string[] {
  const { length } = roots(state);
  const words = figures(state, null, price);
  return length > 1 ? [count(length, "turn"), ...words] : words;
}

/** The figures of a run, or of all of them. */
export function figures(state: ViewState, at: number | null, price?: Price): string[] {
  const measured = metrics(state, at, price);
  const { duration: took, first_token, chunks, output_tokens, tokens_per_second } = measured;
  const unit = output_tokens === null ? "chunk" : "token";
  const words: string[] = [];
  if (took === 0) return words; // nothing is known of its time
  if (first_token !== null) words.push(`first token ${duration(first_token * 1000)}`);
  if ((output_tokens ?? chunks) > 0) words.push(count(output_tokens ?? chunks, unit));
  if (tokens_per_second !== null) words.push(`${number(tokens_per_second)} ${unit}s/s`);
  if (measured.cost !== null) words.push(money(measured));
  return words;
}

/** A cost: in dollars by the known prices, else in whatever the price was in. */
export function money({ cost, priced_by }: Pick<Metrics, "cost" | "priced_by">): string {
  const amount = cost ?? 0;
  const said = amount.toFixed(amount >= 1 ? 2 : amount >= 0.01 ? 4 : 6);
  return priced_by === null ? `cost ${said}` : `$${said}`;
}

export function number(value: number): string {
  return value.toLocaleString("en", { maximumFractionDigits: 0 });
}

/** "1 step", "2 steps" */
export function count(value: number, unit: string): string {
  return `${number(value)} ${unit}${value === 1 ? "" : "s"}`;
}

/** A time in words. */
export function duration(milliseconds: number): string {
  return milliseconds < 1000
    ? `${milliseconds.toFixed(0)} ms`
    : `${(milliseconds / 1000).toFixed(1)} s`;
}

/** A time in words, also where it is less than a millisecond. */
export function fine(milliseconds: number): string {
  return milliseconds < 10 ? `${milliseconds.toFixed(1)} ms` : duration(milliseconds);
}

/** A place in time: "155.2 ms", "1.412 s" */
export function moment(milliseconds: number): string {
  return milliseconds < 1000
    ? `${milliseconds.toFixed(1)} ms`
    : `${(milliseconds / 1000).toFixed(3)} s`;
}

const INVISIBLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\u00a0\u115f\u1160\u3164\uffa0]/u;

/** Whether a character is there but cannot be seen: controls, zero widths, turns of direction. */
export function isInvisible(character: string): boolean {
  return INVISIBLE.test(character);
}

export function codePoint(character: string): string {
  return `U+${character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, "0")}`;
}

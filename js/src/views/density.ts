/** How densely chunks came, as strokes of a bar. */

const BINS = 40;

/** A CSS gradient over a bar from the first time to the last: the denser, the stronger. */
export function density(times: readonly number[]): string {
  const begin = times[0] ?? 0;
  const span = (times.at(-1) ?? 0) - begin;
  if (span <= 0) return "none";
  const bins = new Array<number>(BINS).fill(0);
  for (const time of times) {
    const bin = Math.min(BINS - 1, Math.floor(((time - begin) / span) * BINS));
    bins[bin] = bins[bin]! + 1;
  }
  const most = Math.max(...bins);
  const stops = bins.map((count, i) => {
    const strength = count === 0 ? 0 : 25 + Math.round((count / most) * 75);
    const colour = `color-mix(in srgb, var(--nbs-flow) ${strength}%, transparent)`;
    return `${colour} ${(i / BINS) * 100}% ${((i + 1) / BINS) * 100}%`;
  });
  return `linear-gradient(var(--nbs-onward, to right), ${stops.join(", ")})`;
}

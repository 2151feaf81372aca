/** Ways out of the page: the clipboard and files. */

import { element } from "./dom";

/** Put a text on the clipboard. `root` is on the page. */
export async function writeClipboard(text: string, root: HTMLElement): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // No permission, or not a secure page: the older way works from a click.
    const area = element("textarea", { class: "nbs-offscreen", "aria-hidden": "true" });
    area.value = text;
    root.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
}

/** Let the reader save a text as a file. */
export function download(name: string, text: string, type: string): void {
  const url = URL.createObjectURL(new Blob([text], { type }));
  const link = element("a", { href: url, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

/** A button that says for a while what it has done. */

/** Milliseconds. */
const SAID_FOR = 1500;

export function say(button: HTMLElement, word: string): void {
  if (button.dataset.nbsSaid) return;
  const names = ["aria-label", "title"].map((name) => [name, button.getAttribute(name)] as const);
  const text = button.textContent;
  button.dataset.nbsSaid = "true";
  button.textContent = word;
  button.setAttribute("aria-label", word);
  button.removeAttribute("title");
  setTimeout(() => {
    delete button.dataset.nbsSaid;
    button.textContent = text;
    for (const [name, value] of names) if (value !== null) button.setAttribute(name, value);
  }, SAID_FOR);
}

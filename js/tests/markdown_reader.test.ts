// @vitest-environment jsdom
// Not happy-dom, as elsewhere: DOMPurify loses elements there that it keeps in browsers.
import { describe, expect, it, vi } from "vitest";
import { whole } from "./markdown_page";

describe("what the reader can do", () => {
  it("a picture is fetched only when asked for, and then without telling from where", () => {
    const el = whole("[![a <b>](https://e.com/i.png)](https://f.org)");
    const button = el.querySelector("button")!;
    expect(button.textContent).toBe("Image: a <b> (e.com)");
    expect(button.title).toBe("https://e.com/i.png");
    const click = new MouseEvent("click", { bubbles: true, cancelable: true });
    button.dispatchEvent(click);
    expect(click.defaultPrevented).toBe(true);
    const image = el.querySelector("a > img") as HTMLImageElement;
    expect([image.src, image.alt]).toEqual(["https://e.com/i.png", "a <b>"]);
    expect(["referrerpolicy", "loading"].map((name) => image.getAttribute(name))).toEqual([
      "no-referrer",
      "lazy",
    ]);
  });

  it.each([true, false])(
    "code is copied as it is (by the clipboard of today: %s)",
    async (modern) => {
      vi.useFakeTimers();
      const copied: string[] = [];
      const writeText = async (text: string) => {
        if (!modern) throw new Error("not allowed");
        copied.push(text);
      };
      vi.stubGlobal("navigator", { clipboard: { writeText } });
      document.execCommand = () => {
        const area = document.activeElement as HTMLTextAreaElement | null;
        copied.push(area?.value ?? "");
        return true;
      };
      const el = whole("```python\na = 1\n\nb = '*'\n```");
      document.body.append(el);
      const button = el.querySelector<HTMLButtonElement>(".nbs-md-copy")!;
      expect(button.getAttribute("aria-label")).toBe("Copy the code");
      const area = vi.spyOn(HTMLTextAreaElement.prototype, "select").mockImplementation(function (
        this: HTMLTextAreaElement,
      ) {
        this.focus();
      });
      button.click();
      await vi.advanceTimersByTimeAsync(0);
      expect(copied).toEqual(["a = 1\n\nb = '*'"]);
      expect(area).toHaveBeenCalledTimes(modern ? 0 : 1);
      expect(el.querySelector("textarea")).toBeNull();
      expect([button.textContent, button.getAttribute("aria-label")]).toEqual(["Copied", "Copied"]);
      await vi.advanceTimersByTimeAsync(1500);
      expect(button.textContent).toBe("Copy");
      el.remove();
      vi.unstubAllGlobals();
    },
  );

  it("links show where they lead, under their true names", () => {
    const link = whole("[bank.com](https://bаnk.com/ü)").querySelector("a")!;
    expect(link.title).toBe("https://xn--bnk-6cd.com/%C3%BC");
    expect(link.textContent).toBe("bank.com");
  });

  it("each block finds its own direction, code has one", () => {
    const el = whole("# שלום\n\n- a\n\n```\nx\n```\n\n| a |\n|--|");
    const directions = [...el.querySelectorAll(".nbs-md-part > *")].map((block) =>
      block.getAttribute("dir"),
    );
    expect(directions).toEqual(["auto", "auto", "ltr", "auto"]);
  });
});

/**
 * Whether the kernel is gone that a widget speaks with. Hosts tell it in their own ways, or not at
 * all: whatever is not there is passed over.
 */

import type { AnyModel } from "@anywidget/types";

/** A Lumino signal, as JupyterLab's objects have them. */
interface Signal {
  connect(slot: Slot): unknown;
  disconnect(slot: Slot): unknown;
}
type Slot = (sender: unknown, value: unknown) => void;

interface Kernel {
  status?: string;
  statusChanged?: Signal;
  disposed?: Signal;
  supportsSubshells?: boolean;
  commsOverSubshells?: string;
}

/**
 * What a kernel's status says when that kernel, and what it knew, is no more. One that is starting
 * while a model is there is another: somebody else had it restarted.
 */
const GONE = new Set(["terminating", "restarting", "autorestarting", "starting", "dead"]);

/** Call `lost` once the model's kernel is gone, until `signal` aborts. */
export function watchKernel(model: AnyModel, lost: () => void, signal: AbortSignal): void {
  const kernel = kernelOf(model);
  // Set when the manager lets go of all of a kernel's widgets; anywidget hands the event on.
  model.on("comm_live_update", lost);
  connect(kernel?.statusChanged, (_, status) => GONE.has(String(status)) && lost(), signal);
  connect(kernel?.disposed, lost, signal);
}

/** The model's kernel, where the host shows it. */
export function kernelOf(model: AnyModel): Kernel | null {
  try {
    return (managerOf(model) as { kernel?: Kernel | null } | undefined)?.kernel ?? null;
  } catch {
    return null;
  }
}

/**
 * Whether a message to the kernel waits until its cell is done; null where that cannot be told. Only
 * JupyterLab and Notebook 7 send it to a subshell, where the kernel has those.
 */
export function isDeaf(model: AnyModel): boolean | null {
  const { status, supportsSubshells, commsOverSubshells } = kernelOf(model) ?? {};
  if (status !== undefined) {
    const isHeard = supportsSubshells && (commsOverSubshells ?? "disabled") !== "disabled";
    return status === "busy" && !isHeard;
  }
  type Classic = { notebook?: { kernel_busy?: boolean } };
  return (managerOf(model) as Classic | undefined)?.notebook?.kernel_busy ?? null;
}

/** What has all models of the notebook that a model is in, where the host shows it. */
export function managerOf(model: AnyModel): unknown {
  try {
    return model.widget_manager;
  } catch {
    return undefined;
  }
}

function connect(to: Signal | undefined, slot: Slot, signal: AbortSignal): void {
  if (typeof to?.connect !== "function") return;
  to.connect(slot);
  signal.addEventListener("abort", () => to.disconnect(slot));
}

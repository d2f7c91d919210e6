import { channel } from "node:diagnostics_channel";
import type { BackendFailure } from "./errors.js";
import type { Loop } from "./loop.js";

/** Published on `polyloop:backend:replaced` when a backend failed and another one took over. */
export interface BackendReplaced {
  readonly loop: Loop;
  /** The name of the backend that failed. */
  readonly from: string;
  /** The name of the one that took over. */
  readonly to: string;
  readonly error: BackendFailure;
}

/** Published on `polyloop:backend:skipped` when a candidate cannot run here. */
export interface BackendSkipped {
  readonly loop: Loop;
  readonly name: string;
  readonly code: string;
  readonly reason: string;
  readonly remedy: string | undefined;
}

const replaced = channel("polyloop:backend:replaced");
const skipped = channel("polyloop:backend:skipped");

/** Tells subscribers, and the process by one warning, that a backend was replaced. */
export function publishReplaced(message: BackendReplaced): void {
  if (replaced.hasSubscribers) replaced.publish(message);
  process.emitWarning(
    `the ${message.from} backend failed and was replaced by ${message.to}: ${message.error.message}`,
    {
      type: "PolyloopWarning",
      code: "POLYLOOP_BACKEND_REPLACED",
    },
  );
}

/** Tells subscribers, and the process by one warning, that a candidate was passed over. */
export function publishSkipped(message: BackendSkipped): void {
  if (skipped.hasSubscribers) skipped.publish(message);
  const remedy = message.remedy === undefined ? "" : `. ${message.remedy}`;
  process.emitWarning(`the ${message.name} backend is not available: ${message.reason}${remedy}`, {
    type: "PolyloopWarning",
    code: "POLYLOOP_BACKEND_SKIPPED",
  });
}

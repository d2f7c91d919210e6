import type { LoopError } from "@polyloop/loop-core";

/** What a call throws; an error if it throws nothing. */
export function thrownBy(action: () => unknown): LoopError {
  try {
    action();
  } catch (error) {
    return error as LoopError;
  }
  throw new Error("nothing was thrown");
}

/** The code of what a call throws. */
export function codeOf(action: () => unknown): string {
  return thrownBy(action).code;
}

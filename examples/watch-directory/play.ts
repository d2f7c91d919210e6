import { appendFileSync, mkdirSync, mkdtempSync, renameSync, rmdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Loop } from "@polyloop/loop-core";

/** Milliseconds from one step to the next. */
const STEP = 50;

/**
 * Makes a temporary directory, does something in it in each call of a timer, and removes it at the end.
 *
 * @returns its path.
 */
export function playInDirectory(loop: Loop): string {
  const outer = mkdtempSync(join(tmpdir(), "polyloop-watch-"));
  const inner = join(outer, "watched");
  mkdirSync(inner);
  const path = (name: string): string => join(inner, name);

  const steps = [
    () => {
      writeFileSync(path("draft.txt"), "one\n");
    },
    () => {
      appendFileSync(path("draft.txt"), "two\n");
    },
    () => {
      renameSync(path("draft.txt"), path("final.txt"));
    },
    () => {
      mkdirSync(path("folder"));
    },
    () => {
      renameSync(path("final.txt"), join(outer, "elsewhere.txt"));
    },
    () => {
      renameSync(join(outer, "elsewhere.txt"), path("back.txt"));
    },
    () => {
      rmSync(path("back.txt"));
    },
    () => {
      rmdirSync(path("folder"));
    },
    () => {
      rmSync(outer, { recursive: true });
    },
  ];
  loop.timer(
    STEP,
    (timer) => {
      steps.shift()?.();
      if (steps.length === 0) timer.stop();
    },
    // The lower priority lets the watcher read what the last step caused before the next step adds to it: of two equal events
    // that nobody has read yet the kernel makes one.
    { repeat: STEP, priority: -1 },
  );
  return inner;
}

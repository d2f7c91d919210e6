import { readFileSync } from "node:fs";
import * as sys from "@polyloop/sys";
import { openDescriptors } from "./open-descriptors.js";
import type { Scene } from "./scene.js";

/** Descriptors that are left to Node and to the test runner. */
const SPARE = 200;
/** With fewer a test about many is none. */
const LEAST = 100;

/**
 * Raises the limit of descriptors as far as it goes and `wanted` needs, until the test is over. Returns how many more can be
 * opened, at most `wanted`; skips the test if those are too few.
 */
export function roomFor(scene: Scene, wanted: number): number {
  const open = openDescriptors().size;
  const before = sys.descriptorLimit();
  const [, hard = ""] = /^Max open files\s+\w+\s+(\w+)/m.exec(readFileSync("/proc/self/limits", "utf8")) ?? [];
  const needed = Math.min(wanted + open + SPARE, Number.parseInt(hard, 10) || before);
  if (needed > before && sys.setDescriptorLimit(needed) >= 0) scene.onEnd(() => void sys.setDescriptorLimit(before));
  const room = Math.min(wanted, sys.descriptorLimit() - open - SPARE);
  if (room < LEAST) scene.skip(`the limit of descriptors (RLIMIT_NOFILE) is ${String(sys.descriptorLimit())}`);
  return room;
}

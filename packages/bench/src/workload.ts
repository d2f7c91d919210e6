import type { Loop } from "@polyloop/loop-core";
import type { Meter } from "./meter.js";

/** A whole number that a workload is run with, and an option of the command line. */
export interface Parameter {
  readonly about: string;
  readonly default: number;
  readonly lowest: number;
  /** The values worth comparing, for the help text. */
  readonly usual: readonly number[];
}

/** A value for each parameter. */
export type Values<Name extends string = string> = Readonly<Record<Name, number>>;

/**
 * Something to be done on an event loop, over and over, and counted. One file in `workloads/` each, and for the C peers
 * one in `peers/` that does the same: `peers/<name>.c`.
 */
export interface Workload<Name extends string = string> {
  /** What people type. */
  readonly name: string;
  readonly about: string;
  /** What is counted, in the singular: results are in nanoseconds for each. */
  readonly unit: string;
  readonly parameters: Readonly<Record<Name, Parameter>>;
  /** Names of the C peers that can do it. */
  readonly peers: readonly string[];
  /** How many descriptors it opens, so that one too many is an error with a sentence. */
  descriptors(values: Values<Name>): number;
  /**
   * The TypeScript side, written as a user of the public API would. It starts its watchers on `loop`, counts with
   * `meter.tick()` and breaks the loop when that says so.
   */
  program(loop: Loop, values: Values<Name>, meter: Meter): void;
}

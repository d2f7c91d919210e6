import type { Loop } from "@polyloop/loop-core";
import type { Meter, Round, Span } from "./meter.js";

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
  /** It can be done edge-triggered, too. */
  readonly hasEdges?: boolean;
  /** How many descriptors it opens, so that one too many is an error with a sentence. */
  descriptors(values: Values<Name>): number;
  /** How many events a round has, where it is over when something is done: it has then no warm-up, and the loop is fresh. */
  events?(values: Values<Name>): number;
  /**
   * The TypeScript side, written as a user of the public API would. It starts its watchers on `loop`, counts with
   * `meter.tick()` and breaks the loop when that says so. Where it is single turns that matter, it returns what to do instead
   * of `loop.run()`, from `meter.begin()` on; that returns how long each turn took, in milliseconds. `edge`: its watchers are
   * to be edge-triggered.
   */
  program(loop: Loop, values: Values<Name>, meter: Meter, edge: boolean): (() => readonly number[]) | undefined;
}

/** How long a round is: milliseconds, or the events that the workload says. */
export function spanOf(workload: Workload, values: Values, warm: number, measure: number): Span {
  const events = workload.events?.(values);
  return events === undefined ? { warm, measure, events: 0 } : { warm: 0, measure: 0, events };
}

/** A round of the TypeScript side on a loop, which is closed in the end. */
export function perform(workload: Workload, loop: Loop, values: Values, meter: Meter, edge = false): Round {
  const runTurns = workload.program(loop, values, meter, edge);
  const turns = runTurns?.();
  if (runTurns === undefined) {
    meter.begin();
    loop.run();
  }
  loop.close();
  return turns === undefined ? meter.round : { ...meter.round, turns };
}

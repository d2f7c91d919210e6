import assert from "node:assert/strict";
import type * as FastCheck from "fast-check";
import { fastCheck } from "./fast-check.js";

/** The seed without another wish: the same programs every time, so that a red test is red again. */
const SEED = 20_260_101;

/** Milliseconds for making a failing program shorter. */
const SHRINKING = 10_000;

/** Which programs to run. */
export interface Campaign<Program> {
  readonly arbitrary: FastCheck.Arbitrary<Program>;
  /** A program as text. */
  readonly describe: (program: Program) => string;
  /** How many. */
  readonly count: number;
  /** Which batch of them: each has a seed of its own. */
  readonly batch: number;
}

/** Runs random programs; the first that fails is made as short as possible and thrown, with what repeats it. */
export function runRandom<Program>(campaign: Campaign<Program>, run: (program: Program) => void): void {
  const { arbitrary, count, batch } = campaign;
  const fc = fastCheck();
  const { seed, path } = wish();
  const details = fc.check(fc.property(arbitrary, impatient(run)), {
    numRuns: count,
    seed: seed + batch,
    ...(path !== undefined && { path }),
  });
  if (details.failed) throw report(details, campaign.describe);
}

/** Lets every program pass once the time for making a failing one shorter is up: the shortest so far is short enough. */
function impatient<Program>(run: (program: Program) => void): (program: Program) => void {
  let failedAt = Number.POSITIVE_INFINITY;
  return (program) => {
    if (performance.now() - failedAt > SHRINKING) return;
    try {
      run(program);
    } catch (error) {
      failedAt = Math.min(failedAt, performance.now());
      throw error;
    }
  };
}

/** How many programs POLYLOOP_PROGRAMS asks for, or so many. */
export function howMany(otherwise: number): number {
  return Math.max(1, integer("POLYLOOP_PROGRAMS", process.env["POLYLOOP_PROGRAMS"]) ?? otherwise);
}

/** Whether POLYLOOP_SEED names one program and not only where to begin. */
export function isRepeat(): boolean {
  return wish().path !== undefined;
}

/** POLYLOOP_SEED: a number, `random`, or the seed and path of one program as a failure prints them (`7/12:0:3`). */
function wish(): { readonly seed: number; readonly path?: string } {
  const value = process.env["POLYLOOP_SEED"];
  if (value === undefined || value === "") return { seed: SEED };
  if (value === "random") return { seed: (Date.now() ^ (process.pid << 16)) & 0x7fff_ffff };
  const [seed = "", path] = value.split("/", 2);
  const number = integer("POLYLOOP_SEED", seed) as number;
  return path === undefined ? { seed: number } : { seed: number, path };
}

function integer(name: string, value: string | undefined): number | undefined {
  if (value === undefined || value === "") return undefined;
  assert.match(value, /^-?\d+$/, `${name} is ${JSON.stringify(value)}; it takes a number`);
  return Number(value);
}

function report<Program>(details: FastCheck.RunDetails<[Program]>, describe: (program: Program) => string): Error {
  const { counterexample, counterexamplePath, errorInstance, numRuns, numShrinks, seed } = details;
  const message = errorInstance instanceof Error ? errorInstance.message : String(errorInstance);
  const lines = [
    message,
    `in a random program (the ${String(numRuns)}th, made shorter ${String(numShrinks)} times):`,
    ...(counterexample === null ? [] : [describe(counterexample[0])]),
    `again: POLYLOOP_SEED=${String(seed)}/${counterexamplePath ?? ""}`,
  ];
  // Anything but a broken promise is worth its stack.
  const cause = errorInstance instanceof assert.AssertionError ? undefined : errorInstance;
  return new Error(lines.join("\n"), { cause });
}

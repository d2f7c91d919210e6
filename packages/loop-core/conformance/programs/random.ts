import assert from "node:assert/strict";
import type * as FastCheck from "fast-check";
import { fastCheck } from "./fast-check.js";

/** The seed without another wish: the same programs every time, so that a red test is red again. */
const SEED = 20_260_101;

/** The seed of those who want another one every time. */
const RANDOM = (Date.now() ^ (process.pid << 16)) & 0x7fff_ffff;

/** Milliseconds for making a failing program shorter. */
const SHRINKING = 10_000;

/** Which programs to run. */
export interface Campaign<Program> {
  readonly arbitrary: FastCheck.Arbitrary<Program>;
  /** The runner's name for these tests, to find the one that repeats a program. */
  readonly title: string;
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
  if (process.env["POLYLOOP_SEED"] === "random" && batch === 0) {
    process.stderr.write(`POLYLOOP_SEED=random begins with ${String(seed)} (${campaign.title})\n`);
  }
  if (!details.failed && path !== undefined) {
    process.stderr.write(`the program of POLYLOOP_SEED did not fail this time (${campaign.title})\n`);
  }
  if (details.failed) throw report(details, campaign.title);
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
  const value = process.env["POLYLOOP_PROGRAMS"];
  if (value === undefined || value === "") return otherwise;
  const count = Number(value);
  assert.ok(Number.isSafeInteger(count) && count > 0, `POLYLOOP_PROGRAMS is ${value}; it takes a number from 1`);
  return count;
}

/** Some of the programs, for one test. */
export interface Batch {
  /** Which batch: each has a seed of its own. */
  readonly batch: number;
  readonly count: number;
  /** `"1 to 250"`, for the name of the test. */
  readonly range: string;
}

/** So many programs in batches of at most `size`; one alone if POLYLOOP_SEED names one and not only where to begin. */
export function* batches(programs: number, size: number): Generator<Batch> {
  const total = wish().path === undefined ? programs : 1;
  for (let batch = 0; batch * size < total; batch++) {
    const done = batch * size;
    const count = Math.min(size, total - done);
    yield { batch, count, range: `${String(done + 1)} to ${String(done + count)}` };
  }
}

/** The seed with which the first batch begins. */
export function firstSeed(): number {
  return wish().seed;
}

/** POLYLOOP_SEED: a number, `random`, or the seed and path of one program as a failure prints them (`7/12:0:3`). */
function wish(): { readonly seed: number; readonly path?: string } {
  const value = process.env["POLYLOOP_SEED"];
  if (value === undefined || value === "") return { seed: SEED };
  if (value === "random") return { seed: RANDOM };
  const form = /^(-?\d+)(?:\/([\d:]+))?$/.exec(value);
  assert.ok(
    form !== null,
    `POLYLOOP_SEED is ${JSON.stringify(value)}; it takes a number, "random", or what a failure printed`,
  );
  const [, seed, path] = form;
  return path === undefined ? { seed: Number(seed) } : { seed: Number(seed), path };
}

/** What went wrong in a program, and what it had done until then. */
export class ProgramFailure extends Error {
  override readonly name = "ProgramFailure";
  readonly steps: readonly string[];

  constructor(cause: unknown, steps: readonly string[]) {
    const message = cause instanceof Error ? cause.message : String(cause);
    // Anything but a broken promise is worth its stack.
    super(message, cause instanceof assert.AssertionError ? undefined : { cause });
    this.steps = steps;
  }
}

function report<Program>(details: FastCheck.RunDetails<[program: Program]>, title: string): Error {
  const { counterexamplePath, errorInstance, numShrinks, seed } = details;
  const steps = errorInstance instanceof ProgramFailure ? errorInstance.steps : [];
  const message = errorInstance instanceof Error ? errorInstance.message : String(errorInstance);
  const lines = [
    message,
    `at the end of this random program (made shorter ${String(numShrinks)} times, for ${String(SHRINKING / 1000)} s at most):`,
    ...steps,
    `again: POLYLOOP_SEED=${String(seed)}/${counterexamplePath ?? ""} and only the tests named "${title}"`,
    "(what spins or waits too long may depend on the machine's load and not show every time)",
  ];
  const failure = new Error(lines.join("\n"), errorInstance instanceof Error ? { cause: errorInstance.cause } : {});
  failure.stack = `Error: ${failure.message}`;
  return failure;
}

import { execFile, type ExecFileException } from "node:child_process";
import { promisify } from "node:util";
import { BenchError, messageOf } from "./errors.js";
import type { Round, Span } from "./meter.js";
import type { Command, Side } from "./sides.js";
import type { Values, Workload } from "./workload.js";

const execute = promisify(execFile);

/** What a program may take besides warming up and measuring. Setting up 9800 pipes takes some seconds under strace. */
export const PATIENCE_MS = 60_000;

/** What a C program ends with when its library was built without the backend; peers/meter.h has the same. */
const NOT_BUILT_IN = 3;

/** A side and what to run for it. */
export interface Contestant {
  readonly side: Side;
  readonly command: Command;
}

/** A side that takes no part, and why. */
export interface Absentee {
  readonly name: string;
  readonly reason: string;
  readonly remedy: string | undefined;
}

/** The rounds of each side that finished all of them. */
export interface Outcome {
  readonly rounds: ReadonlyMap<Contestant, readonly Round[]>;
  readonly absent: readonly Absentee[];
}

/** Builds what the sides need; those that cannot be built are named. */
export function prepare(
  workload: Workload,
  sides: readonly Side[],
): { readonly contestants: readonly Contestant[]; readonly absent: readonly Absentee[] } {
  const contestants: Contestant[] = [];
  const absent: Absentee[] = [];
  for (const side of sides) {
    try {
      contestants.push({ side, command: side.command(workload) });
    } catch (error) {
      absent.push(absentee(side, error));
    }
  }
  return { contestants, absent };
}

/** The arguments every program takes, in C and in TypeScript. */
export function settings(side: Side, values: Values, span: Span): string[] {
  const edge = side.edge === true ? { edge: 1 } : {};
  return Object.entries({ backend: side.backend, ...edge, ...values, ...span }).map(
    ([key, value]) => `${key}=${String(value)}`,
  );
}

/**
 * Runs all sides in turns, A B A B …, so that what else the machine does meets all of them. A side that fails, or takes
 * `patience` milliseconds longer than it was told to, is out and named.
 */
export async function runRounds(
  contestants: readonly Contestant[],
  values: Values,
  span: Span,
  count: number,
  progress: (round: number, side: string) => void = () => undefined,
  patience = PATIENCE_MS,
): Promise<Outcome> {
  const rounds = new Map<Contestant, Round[]>(contestants.map((contestant) => [contestant, []]));
  const absent: Absentee[] = [];
  for (let round = 1; round <= count; round++) {
    for (const [contestant, done] of rounds) {
      progress(round, contestant.side.name);
      try {
        done.push(await runRound(contestant, values, span, patience));
      } catch (error) {
        rounds.delete(contestant);
        absent.push(absentee(contestant.side, error));
      }
    }
  }
  return { rounds, absent };
}

/** One round of one side, in a process of its own. */
async function runRound({ side, command }: Contestant, values: Values, span: Span, patience: number): Promise<Round> {
  const [file, ...args] = command;
  const timeout = span.warm + span.measure + patience;
  const options = { timeout, killSignal: "SIGKILL", maxBuffer: Infinity } as const;
  const { stdout } = await execute(file, [...args, ...settings(side, values, span)], options).catch(
    (error: unknown) => {
      throw failure(side, error as ExecFileException, timeout);
    },
  );
  return parseRound(stdout);
}

function failure(side: Side, error: ExecFileException, timeout: number): BenchError {
  if (error.killed === true) return new BenchError(noResult(timeout));
  const complaint = error.stderr?.trim() ?? "";
  const remedy = error.code === NOT_BUILT_IN ? side.remedy : undefined;
  return new BenchError(complaint === "" ? messageOf(error) : complaint, remedy);
}

/** What to say of a program that had to be ended. */
export function noResult(timeout: number): string {
  return `it gave no result within ${String(timeout / 1000)} s: it waits for an event that was lost, or turns without any`;
}

/** Reads the line of JSON in which a side reports. */
export function parseRound(line: string): Round {
  const round = JSON.parse(line) as Partial<Round>;
  for (const key of ["events", "ns", "cpuNs"] as const) {
    if (typeof round[key] !== "number") throw new BenchError(`a side reported no ${key}: ${line.trim()}`);
  }
  return round as Round;
}

function absentee({ name }: Side, error: unknown): Absentee {
  const remedy = error instanceof BenchError ? error.remedy : undefined;
  return { name, reason: messageOf(error), remedy };
}

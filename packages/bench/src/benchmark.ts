import type { Machine } from "./machine.js";
import type { Round, Span } from "./meter.js";
import { type Absentee, type Contestant, prepare, runRounds } from "./rounds.js";
import { baselineOf, type Side } from "./sides.js";
import { ratios, type Spread, spread } from "./statistics.js";
import { countSystemCalls, type SystemCalls } from "./system-calls.js";
import { messageOf } from "./errors.js";
import { lookAtTurns, type Turns } from "./turns.js";
import { spanOf, type Values, type Workload } from "./workload.js";

/** How to measure; a workload that says itself when a round is over has no use for the times. */
export interface Plan {
  readonly rounds: number;
  readonly warm: number;
  readonly measure: number;
  /** The side to compare with; by default libev on the same backend. */
  readonly baseline: string | undefined;
  /** Whether to count system calls. */
  readonly strace: boolean;
}

/** A side's figures. */
export interface SideReport {
  readonly name: string;
  readonly about: string;
  readonly ns: Spread;
  readonly cpuNs: Spread;
  /** Of a workload that is about single turns. */
  readonly turns: Turns | undefined;
  /** In relation to another side, by wall time and by CPU time, each the median of the ratios of the rounds. */
  readonly ratio: { readonly to: string; readonly ns: Spread; readonly cpuNs: Spread } | undefined;
  readonly systemCalls: SystemCalls | undefined;
  /** Each round, without its turns. */
  readonly rounds: readonly Round[];
}

/** Everything there is to say about one workload with one set of values. */
export interface Report {
  readonly workload: string;
  readonly unit: string;
  readonly values: Values;
  readonly plan: Plan;
  /** How long each round was. */
  readonly span: Span;
  readonly machine: Machine;
  readonly sides: readonly SideReport[];
  readonly absent: readonly Absentee[];
  /** Why there are no system calls in it, if there are none. */
  readonly noSystemCalls: string | undefined;
  /** What to type to get it again. */
  readonly command: string;
}

/** Measures a workload with one set of values on all the sides. */
export async function benchmark(
  workload: Workload,
  values: Values,
  sides: readonly Side[],
  plan: Plan,
  context: {
    readonly machine: Machine;
    readonly command: string;
    readonly progress?: (round: number, side: string) => void;
  },
): Promise<Report> {
  const { contestants, absent } = prepare(workload, sides);
  const span = spanOf(workload, values, plan.warm, plan.measure);
  const outcome = await runRounds(contestants, values, span, plan.rounds, context.progress);
  const finished = [...outcome.rounds.keys()];
  const counted = plan.strace
    ? countAll(finished, values)
    : { calls: new Map<Contestant, SystemCalls>(), problem: "not asked for" };
  const names = finished.map(({ side }) => side.name);
  const roundsOf = new Map(finished.map((one) => [one.side.name, outcome.rounds.get(one) ?? []]));
  const perEvent = new Map([...roundsOf].map(([name, rounds]) => [name, costs(rounds)]));
  return {
    workload: workload.name,
    unit: workload.unit,
    values,
    plan,
    span,
    machine: context.machine,
    sides: finished.map((one) => {
      const { side } = one;
      const own = perEvent.get(side.name) ?? NOTHING;
      const baseline = baselineOf(side, names, plan.baseline);
      const rounds = roundsOf.get(side.name) ?? [];
      return {
        name: side.name,
        about: side.about,
        ns: spread(own.ns),
        cpuNs: spread(own.cpuNs),
        ratio: baseline === undefined ? undefined : compare(own, baseline, perEvent.get(baseline) ?? NOTHING),
        turns: lookAtTurns(
          rounds,
          baseline === undefined ? undefined : { name: baseline, rounds: roundsOf.get(baseline) ?? [] },
        ),
        systemCalls: counted.calls.get(one),
        rounds: rounds.map(({ events, ns, cpuNs }) => ({ events, ns, cpuNs })),
      };
    }),
    absent: [...absent, ...outcome.absent],
    noSystemCalls: counted.problem,
    command: context.command,
  };
}

/** Nanoseconds for each event, round by round. */
interface Costs {
  readonly ns: readonly number[];
  readonly cpuNs: readonly number[];
}

const NOTHING: Costs = { ns: [], cpuNs: [] };

function costs(rounds: readonly Round[]): Costs {
  return {
    ns: rounds.map(({ ns, events }) => ns / events),
    cpuNs: rounds.map(({ cpuNs, events }) => cpuNs / events),
  };
}

function compare(own: Costs, to: string, baseline: Costs): SideReport["ratio"] {
  return { to, ns: ratios(own.ns, baseline.ns), cpuNs: ratios(own.cpuNs, baseline.cpuNs) };
}

/** Counts everybody's system calls, or says why not. */
function countAll(
  contestants: readonly Contestant[],
  values: Values,
): { readonly calls: Map<Contestant, SystemCalls>; readonly problem: string | undefined } {
  const calls = new Map<Contestant, SystemCalls>();
  try {
    for (const contestant of contestants) calls.set(contestant, countSystemCalls(contestant, values));
    return { calls, problem: undefined };
  } catch (error) {
    return { calls, problem: describe(error) };
  }
}

function describe(error: unknown): string {
  const { remedy } = error as { readonly remedy?: string };
  return remedy === undefined ? messageOf(error) : `${messageOf(error)}: ${remedy}`;
}

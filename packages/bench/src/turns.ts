import type { Round } from "./meter.js";
import { type Spread, spread } from "./statistics.js";

/** How long the turns of a loop took, of a workload in which every round goes through the same ones. */
export interface Turns {
  readonly median: Spread;
  /** The longest turn of each round: what the machine did meanwhile is in it. */
  readonly longest: Spread;
  /** The longest when of each turn the round counts in which it was shortest: what is the loop's own. */
  readonly everyRound: LongTurn;
  /** By how much a turn exceeds the same one of another side, at most, each at its shortest. */
  readonly beyond: (LongTurn & { readonly to: string }) | undefined;
}

/** A turn, the first being 1. */
export interface LongTurn {
  readonly ms: number;
  readonly turn: number;
}

/** Looks at the turns of a side's rounds; undefined if they reported none. */
export function lookAtTurns(
  rounds: readonly Round[],
  baseline: { readonly name: string; readonly rounds: readonly Round[] } | undefined,
): Turns | undefined {
  const turns = turnsOf(rounds);
  if (turns.length === 0) return undefined;
  const each = turns.map(spread);
  const own = shortest(turns);
  const others = shortest(turnsOf(baseline?.rounds ?? []));
  return {
    median: spread(each.map(({ median }) => median)),
    longest: spread(each.map(({ highest }) => highest)),
    everyRound: longest(own),
    beyond:
      baseline === undefined || others.length !== own.length
        ? undefined
        : { to: baseline.name, ...longest(own.map((ms, index) => ms - (others[index] as number))) },
  };
}

function turnsOf(rounds: readonly Round[]): (readonly number[])[] {
  return rounds.flatMap(({ turns }) => (turns === undefined ? [] : [turns]));
}

function shortest(rounds: readonly (readonly number[])[]): readonly number[] {
  return (rounds[0] ?? []).map((_, index) => Math.min(...rounds.map((turns) => turns[index] as number)));
}

function longest(turns: readonly number[]): LongTurn {
  const ms = turns.reduce((most, each) => Math.max(most, each), -Infinity);
  return { ms, turn: turns.indexOf(ms) + 1 };
}

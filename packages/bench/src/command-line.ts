import { Command, InvalidArgumentError, Option } from "commander";
import type { Workload } from "./workload.js";
import { workloads } from "./workloads.js";
import { type Tool, tools } from "./profile.js";
import { allSides } from "./sides.js";

/** The options of `bench <workload>`, checked. */
export interface MeasureOptions {
  readonly rounds: number;
  /** Both 0 for a workload that says itself when a round is over. */
  readonly warm: number;
  readonly measure: number;
  readonly side: readonly string[];
  readonly baseline?: string;
  readonly strace: boolean;
  readonly json: boolean;
}

/** The options of `bench profile <workload>`, checked. */
export interface ProfileOptions {
  readonly with: Tool;
  readonly backend: string;
  readonly measure: number;
}

/** The values given for each parameter; more than one means one measurement for each combination. */
export type ValueLists = Readonly<Record<string, readonly number[]>>;

/** What the command line leads to. */
export interface Actions {
  measure(workload: Workload, values: ValueLists, options: MeasureOptions): Promise<void>;
  profile(workload: Workload, values: ValueLists, options: ProfileOptions): void;
}

/** The command line, made of the workloads: each is a command and each parameter of it an option. */
export function commandLine(actions: Actions): Command {
  const program = new Command("bench").description("Measures event loops against each other, in turns.");
  const profiles = program
    .command("profile")
    .description("runs the TypeScript side of a workload once under a profiler");
  for (const workload of workloads) {
    const warm = ["--warm <ms>", "warm-up in each round", wholeNumber(0), 500] as const;
    const length = ["--measure <ms>", "length of the measurement in each round", wholeNumber(1), 400] as const;
    withTimes(withParameters(program.command(workload.name), workload), workload, [warm, length])
      .option("--rounds <count>", "rounds of each side; fewer than 7 are a try and no figure", wholeNumber(1), 9)
      .addOption(sideOption(workload))
      .option("--baseline <side>", "what ratios are to (default: libev on the same backend, or what is there on epoll)")
      .option("--no-strace", "do not count system calls")
      .option("--json", "print JSON", false)
      .action((options: MeasureOptions) =>
        actions.measure(workload, valuesOf(workload, options), { ...UNTIMED, ...options }),
      );
    const time = ["--measure <ms>", "how long to run", wholeNumber(1), 3000] as const;
    withTimes(withParameters(profiles.command(workload.name), workload), workload, [time])
      .addOption(new Option("--with <tool>", "the profiler").choices(tools).default("cpu-prof"))
      .option("--backend <name>", "the kernel interface", "epoll")
      .action((options: ProfileOptions) => {
        actions.profile(workload, valuesOf(workload, options), { ...UNTIMED, ...options });
      });
  }
  return program;
}

function sideOption(workload: Workload): Option {
  const names = allSides(workload).map(({ name }) => name);
  return new Option("--side <name,…>", `a side to measure, may be repeated: ${names.join(", ")}`)
    .argParser(collect)
    .default([], "all but those that are edge-triggered");
}

/** What stands in for the times of a workload that has no such options. */
const UNTIMED = { warm: 0, measure: 0 };

type TimeOption = readonly [flags: string, about: string, parse: (text: string) => number, preset: number];

/** Adds options for how long to run, unless the workload says that itself. */
function withTimes(command: Command, workload: Workload, options: readonly TimeOption[]): Command {
  if (workload.events === undefined) for (const option of options) command.option(...option);
  return command;
}

function withParameters(command: Command, workload: Workload): Command {
  command.description(workload.about);
  for (const [name, { about, usual, lowest, default: preset }] of Object.entries(workload.parameters)) {
    const text = `${about}; worth comparing: ${usual.join(",")}`;
    command.option(`--${name} <number,…>`, text, wholeNumbers(lowest), [preset]);
  }
  return command;
}

function valuesOf(workload: Workload, options: object): ValueLists {
  const given = options as Readonly<Record<string, readonly number[]>>;
  return Object.fromEntries(Object.keys(workload.parameters).map((name) => [name, given[name] ?? []]));
}

function wholeNumber(lowest: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= lowest && value <= 1e9) return value;
    throw new InvalidArgumentError(`It must be a whole number from ${String(lowest)} to 1000000000.`);
  };
}

function wholeNumbers(lowest: number): (text: string) => number[] {
  return (text) => text.split(",").map(wholeNumber(lowest));
}

function collect(text: string, before: readonly string[]): string[] {
  return [...before, ...text.split(",")];
}

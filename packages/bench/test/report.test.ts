import { describe, expect, it } from "@jest/globals";
import type { Report, SideReport } from "../src/benchmark.js";
import { formatHotSpots, hotSpots } from "../src/hot-spots.js";
import { formatReport } from "../src/report.js";
import { parseRound } from "../src/rounds.js";
import { ratios, type Spread, spread } from "../src/statistics.js";
import { parseSummary } from "../src/system-calls.js";
import { lookAtTurns, type Turns } from "../src/turns.js";

describe("statistics", () => {
  it("give the median and the extremes", () => {
    expect(spread([5, 1, 9])).toEqual({ median: 5, lowest: 1, highest: 9 });
    expect(spread([4, 1, 2, 3])).toEqual({ median: 2.5, lowest: 1, highest: 4 });
    expect(() => spread([])).toThrow("median of nothing");
  });

  it("compare round by round, so that a busy machine counts for neither side", () => {
    expect(ratios([2, 20, 2], [1, 10, 1])).toEqual({ median: 2, lowest: 2, highest: 2 });
  });
});

describe("turns", () => {
  const rounds = (...turns: number[][]) => turns.map((each) => ({ events: 1, ns: 1, cpuNs: 1, turns: each }));
  const own = rounds([1, 9, 2, 3], [1, 2, 8, 3], [7, 2, 2, 3]);

  it("are the loop's own where they are long in every round", () => {
    const turns = lookAtTurns(own, undefined);
    expect(turns).toMatchObject({ longest: { median: 8, lowest: 7, highest: 9 }, everyRound: { ms: 3, turn: 4 } });
    expect(turns?.median.median).toBe(2.5);
    expect(turns?.beyond).toBeUndefined();
  });

  it("are compared with the same turns of another side", () => {
    const other = { name: "polyloop-epoll", rounds: rounds([1, 0.5, 2, 2.9], [4, 4, 4, 4]) };
    expect(lookAtTurns(own, other)?.beyond).toEqual({ to: "polyloop-epoll", ms: 1.5, turn: 2 });
    expect(lookAtTurns(own, { name: "polyloop-epoll", rounds: [] })?.beyond).toBeUndefined();
  });

  it("are nothing to look at where rounds report none", () => {
    expect(lookAtTurns([{ events: 1, ns: 1, cpuNs: 1 }], undefined)).toBeUndefined();
  });
});

function even(value: number): Spread {
  return { median: value, lowest: value - 10, highest: value + 10 };
}

const libev: SideReport = {
  name: "libev-epoll",
  about: "libev in C",
  ns: even(1200),
  cpuNs: even(1190),
  ratio: { to: "libev-epoll", ns: spread([1]), cpuNs: spread([1]) },
  turns: undefined,
  systemCalls: { perEvent: 2.01, byName: { epoll_wait: 0.01, read: 1, write: 1 } },
  rounds: [],
};

const report: Report = {
  workload: "ring",
  unit: "event",
  values: { pipes: 1000, active: 100 },
  plan: { rounds: 9, warm: 500, measure: 400, baseline: undefined, strace: true },
  span: { warm: 500, measure: 400, events: 0 },
  machine: { kernel: "6.18.0", cpu: "AMD EPYC", cpus: 2, node: "20.20.2", load: 0.5 },
  sides: [
    libev,
    {
      ...libev,
      name: "polyloop-epoll",
      ns: even(1500),
      cpuNs: even(1510),
      ratio: { to: "libev-epoll", ns: spread([1.2, 1.25, 1.3]), cpuNs: spread([1.27]) },
      systemCalls: undefined,
    },
  ],
  absent: [{ name: "libuv-epoll", reason: "libuv is not installed", remedy: "apt-get install libuv1-dev" }],
  noSystemCalls: undefined,
  command: "npm run bench -- ring",
};

describe("a report", () => {
  const text = formatReport(report);

  it("says what was measured, where, and how to do it again", () => {
    expect(text).toMatch(
      /^ring pipes=1000 active=100: ns per event, 9 rounds in turns of 400 ms after 500 ms of warm-up\n/,
    );
    expect(text).toContain("Linux 6.18.0, 2 × AMD EPYC, Node.js 20.20.2, load 0.50 before");
    expect(text).toMatch(/again: npm run bench -- ring$/);
  });

  it("has a line for each side with median, spread and ratio", () => {
    const cells = (line: string | undefined) => (line ?? "").split("│").map((cell) => cell.trim());
    const line = (name: string) => cells(text.split("\n").find((each) => each.includes(`│ ${name} `)));
    expect(line("polyloop-epoll")).toEqual([
      "",
      "polyloop-epoll",
      "1500",
      "1490..1510",
      "1.25",
      "1.20..1.30",
      "libev-epoll",
      "1510",
      "1.27",
      "",
      "",
    ]);
    expect(line("libev-epoll")).toContain("2.010 (read 1.000, write 1.000, epoll_wait 0.010)");
  });

  it("has a second table where single turns were measured", () => {
    const turns: Turns = {
      median: spread([0.004]),
      longest: spread([4, 5, 9]),
      everyRound: { ms: 1.5, turn: 7 },
      beyond: { to: "polyloop-epoll", ms: 0.25, turn: 9 },
    };
    const sides = report.sides.map((side) => ({ ...side, turns }));
    const grown = formatReport({ ...report, span: { warm: 0, measure: 0, events: 50 }, sides });
    expect(grown).toContain("9 rounds in turns of 50 events each, without a warm-up\n");
    expect(grown).toMatch(
      /│ libev-epoll +│ +0.004 │ +5.000 │ 4.000..9.000 │ +1.500 │ +7 │ +0.250 │ +9 │ polyloop-epoll │/,
    );
    expect(grown).toMatch(/│ polyloop-epoll │ +0.004 │ +5.000 │ 4.000..9.000 │ +1.500 │ +7 │ +│ +│ +│/);
  });

  it("names who is missing and the command that installs it", () => {
    expect(text).toContain("missing: libuv-epoll: libuv is not installed: apt-get install libuv1-dev");
  });

  it("says why system calls were not counted", () => {
    expect(formatReport({ ...report, noSystemCalls: "strace is not installed: apt-get install strace" })).toContain(
      "system calls not counted: strace is not installed: apt-get install strace",
    );
  });
});

describe("what other programs print", () => {
  it("is read from a side's line of JSON, and refused if something is missing", () => {
    expect(parseRound('{"events":10,"ns":20,"cpuNs":30}\n')).toEqual({ events: 10, ns: 20, cpuNs: 30 });
    expect(() => parseRound('{"events":10,"ns":20}')).toThrow("reported no cpuNs");
  });

  it("is read from the table of strace -c, with and without errors", () => {
    const table = [
      "% time     seconds  usecs/call     calls    errors syscall",
      "------ ----------- ----------- --------- --------- ----------------",
      " 60.00    0.000600           1      1000           write",
      " 40.00    0.000400           4       100         3 read",
      "------ ----------- ----------- --------- --------- ----------------",
      "100.00    0.001000           0      1100         3 total",
    ].join("\n");
    expect([...parseSummary(table)]).toEqual([
      ["write", 1000],
      ["read", 100],
    ]);
  });

  it("is read from a .cpuprofile, by own time", () => {
    const frame = (functionName: string) => ({ functionName, url: "file:///x/pending.js", lineNumber: 9 });
    const nodes = [
      { id: 1, callFrame: frame("drain") },
      { id: 2, callFrame: frame("") },
      { id: 3, callFrame: frame("drain") },
    ];
    const spots = hotSpots(JSON.stringify({ nodes, samples: [1, 2, 3], timeDeltas: [30, 20, 50] }));
    expect(spots).toEqual([
      { name: "drain", place: "pending.js:10", share: 0.8 },
      { name: "(anonymous)", place: "pending.js:10", share: 0.2 },
    ]);
    expect(formatHotSpots(spots)).toContain("80.0 %");
  });
});

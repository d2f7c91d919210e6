import { describe, expect } from "@jest/globals";
import type { Report } from "../src/benchmark.js";
import { bench, brokenCompiler, hasHeader, isBuilt, itIf } from "./support.js";

const short = ["--rounds", "2", "--warm", "1", "--measure", "2"];
const itBuilt = itIf(isBuilt(), "the package is not built (npm run build)");

describe("bench", () => {
  itBuilt.each([
    ["ring", ["--pipes", "4", "--active", "2"]],
    ["ready", ["--count", "3"]],
  ])("measures %s and prints JSON", (workload, values) => {
    const sides = ["--side", "bare-epoll,polyloop-epoll", "--baseline", "bare-epoll"];
    const { status, stdout, stderr } = bench([workload, ...values, ...short, ...sides, "--no-strace", "--json"]);
    expect(stderr).toBe("");
    expect(status).toBe(0);
    const [report] = JSON.parse(stdout) as [Report];
    expect(report.sides.map(({ name, rounds }) => [name, rounds.length])).toEqual([
      ["bare-epoll", 2],
      ["polyloop-epoll", 2],
    ]);
    for (const { ns, ratio } of report.sides) {
      expect(ns.lowest).toBeGreaterThan(0);
      expect(ns.lowest).toBeLessThanOrEqual(ns.median);
      expect(ns.median).toBeLessThanOrEqual(ns.highest);
      expect(ratio?.to).toBe("bare-epoll");
    }
    expect(report.command).toContain(`npm run bench -- ${workload} ${values.join(" ")} --rounds 2`);
  });

  itBuilt("prints a table for every combination of values", () => {
    const { stdout } = bench(["ready", "--count", "1,2", ...short, "--side", "bare-epoll", "--no-strace"]);
    expect(stdout.match(/^ready count=[12]: ns per event/gm)).toHaveLength(2);
  });

  const itLibev = isBuilt() && hasHeader("ev.h");
  itIf(itLibev, "libev is not installed (apt-get install libev-dev)")("compares with libev by default", () => {
    const { stdout } = bench(["ready", "--count", "2", ...short, "--no-strace"]);
    expect(stdout).toMatch(/polyloop-epoll .* libev-epoll /);
  });

  itBuilt("names a peer that cannot be built and goes on without it", () => {
    const CC = brokenCompiler("fatal error: ev.h: No such file or directory");
    const args = ["ready", "--count", "2", ...short, "--side", "libev-epoll,polyloop-epoll", "--no-strace"];
    const { status, stdout } = bench(args, { CC });
    expect(status).toBe(0);
    expect(stdout).toContain("missing: libev-epoll: libev is not installed: apt-get install libev-dev");
    expect(stdout).toContain("│ polyloop-epoll ");
  });

  itBuilt("names a side that cannot run here", () => {
    const args = ["ready", "--count", "1", ...short, "--side", "bare-epoll,libev-linuxaio", "--no-strace"];
    const { status, stdout } = bench(args);
    expect(status).toBe(0);
    expect(stdout).toMatch(/missing: libev-linuxaio: |│ libev-linuxaio /);
  });

  itBuilt.each([
    [["rong"], "unknown command 'rong'"],
    [["ring", "--pipes", "0"], "It must be a whole number from 1 to 1000000000"],
    [["ring", "--pipes", "many"], "It must be a whole number from 1"],
    [["ring", "--count", "1"], "unknown option '--count'"],
    [["ring", "--rounds", "1.5"], "It must be a whole number from 1"],
    [["ring", "--side", "libevent"], 'bench: there is no side "libevent"\nChoose of bare-epoll, libev-epoll'],
    [["ring", "--side", "bare-epoll", "--baseline", "libev-epoll"], 'there is no side "libev-epoll"'],
    [["ring", "--pipes", "900000000"], "bench: ring --pipes 900000000 --active 100 needs 1800000064 descriptors"],
    [["profile", "ring", "--with", "gprof"], "Allowed choices are cpu-prof, perf, trace-gc"],
  ])("refuses %p", (args, complaint) => {
    const { status, stdout, stderr } = bench(args);
    expect(status).toBe(1);
    expect(stdout).toBe("");
    expect(stderr).toContain(complaint);
    expect(stderr).not.toMatch(/^ {4}at /m);
  });

  itBuilt("counts system calls in a run of their own, or says why not", () => {
    const args = ["ring", "--pipes", "4", "--active", "2", ...short, "--side", "bare-epoll", "--json"];
    const [report] = JSON.parse(bench(args).stdout) as [Report];
    const calls = report.sides[0]?.systemCalls;
    if (calls === undefined) {
      expect(report.noSystemCalls).toMatch(/strace/);
    } else {
      expect(calls.byName).toMatchObject({ read: 1, write: 1 });
      expect(calls.perEvent).toBeCloseTo(2.5, 1);
    }
  });
});

import { describe, expect } from "@jest/globals";
import type { Report } from "../src/benchmark.js";
import { bench, brokenCompiler, hasHeader, isBuilt, itIf, libevSource } from "./support.js";

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

  itIf(itLibev, "libev is not installed (apt-get install libev-dev)")(
    "names a side whose library was built without the backend, and what to do",
    () => {
      const args = ["ready", "--count", "1", ...short, "--side", "bare-epoll,libev-linuxaio", "--no-strace"];
      const { status, stdout } = bench(args, { POLYLOOP_LIBEV_SOURCE: "" });
      expect(status).toBe(0);
      // Not every distribution leaves it out.
      expect(stdout).toMatch(
        /missing: libev-linuxaio: this libev has no linuxaio: let POLYLOOP_LIBEV_SOURCE name .*|│ libev-linuxaio /,
      );
    },
  );

  itIf(isBuilt() && libevSource !== "", "POLYLOOP_LIBEV_SOURCE names no source of libev").each([
    ["ring", ["--pipes", "40", "--active", "8"]],
    ["ready", ["--count", "100"]],
  ])("measures %s on every backend of a libev built from source", (workload, values) => {
    const sides = ["libev-epoll", "libev-linuxaio", "libev-iouring"];
    const { stdout } = bench([workload, ...values, ...short, "--side", sides.join(","), "--no-strace", "--json"]);
    const [report] = JSON.parse(stdout) as [Report];
    expect(report.absent).toEqual([]);
    expect(report.sides.map(({ name, rounds }) => [name, rounds.length])).toEqual(sides.map((name) => [name, 2]));
    expect(report.sides[0]?.about).toContain("built from /");
    expect(report.command).toMatch(/^POLYLOOP_LIBEV_SOURCE=\/.* npm run bench -- /);
  });

  itBuilt("measures the turns of a loop that grows", () => {
    const args = ["grow", "--count", "50", "--step", "20", "--rounds", "2", "--side", "polyloop-epoll", "--no-strace"];
    const [report] = JSON.parse(bench([...args, "--json"]).stdout) as [Report];
    const [side] = report.sides;
    expect(side?.rounds.map(({ events }) => events)).toEqual([50, 50]);
    expect(side?.turns?.longest.median).toBeGreaterThan(0);
    expect(report.command).toBe(
      "npm run bench -- grow --count 50 --step 20 --rounds 2 --side polyloop-epoll --no-strace",
    );
    expect(bench(args).stdout).toMatch(/^│ turns, ms +│ median │ longest │/m);
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
    [["grow", "--warm", "1"], "unknown option '--warm'"],
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

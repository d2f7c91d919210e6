import { describe, expect, it } from "@jest/globals";
import { epoll } from "@polyloop/backend-epoll";
import { Loop } from "@polyloop/loop-core";
import { scriptedLoop } from "@polyloop/loop-core/testing";
import { Meter } from "../src/meter.js";
import { perform, spanOf } from "../src/workload.js";
import { findWorkload, requireDescriptors, workloads } from "../src/workloads.js";

function run(name: string, values: Record<string, number>, span: Partial<Meter["span"]> = {}, edge = false) {
  const workload = findWorkload(name);
  const meter = new Meter({ ...spanOf(workload, values, 1, 3), ...span });
  return perform(workload, new Loop({ backend: epoll() }), values, meter, edge);
}

describe("the TypeScript side", () => {
  it.each([
    ["ring", { pipes: 4, active: 2 }],
    ["ring", { pipes: 1, active: 1 }],
    ["ring", { pipes: 3, active: 50 }],
    ["ready", { count: 1 }],
    ["ready", { count: 5 }],
  ])("of %s %p counts events for as long as it was told to", (name, values) => {
    const { events, ns, cpuNs } = run(name, values);
    expect(events).toBeGreaterThan(0);
    expect(ns).toBeGreaterThanOrEqual(3e6);
    expect(cpuNs).toBeGreaterThanOrEqual(0);
  });

  it("ends after a number of events where one was given", () => {
    expect(run("ring", { pipes: 4, active: 2 }, { events: 1234 }).events).toBe(1234);
  });

  it.each([
    [4, 2],
    [1, 1],
    [3, 50],
  ])("of ring loses no token of %i pipes with %i where its watchers are edge-triggered", (pipes, active) => {
    expect(run("ring", { pipes, active }, { events: 1234 }, true).events).toBe(1234);
  });

  it.each([
    [1, 50],
    [20, 3],
    [99, 1],
  ])("of grow adds %i of 50 watchers before each turn, and measures %i turns", (step, turns) => {
    const round = run("grow", { count: 50, step });
    expect(round.events).toBe(50);
    expect(round.turns).toHaveLength(turns);
    expect(Math.min(...(round.turns ?? []))).toBeGreaterThan(0);
  });

  it("of grow has no result where watchers were lost", () => {
    const { loop } = scriptedLoop();
    const meter = new Meter({ warm: 0, measure: 0, events: 5 });
    expect(() => perform(findWorkload("grow"), loop, { count: 5, step: 1 }, meter)).toThrow(
      "5 of 5 watchers that were tried do not call",
    );
    loop.close();
  });

  it("has no result before the end", () => {
    expect(() => new Meter({ warm: 0, measure: 1, events: 0 }).round).toThrow("before the measurement did");
  });
});

describe("a workload", () => {
  it.each(workloads)("$name has defaults among the values worth comparing", ({ parameters }) => {
    for (const { default: preset, lowest, usual } of Object.values(parameters)) {
      expect(usual).toContain(preset);
      expect(Math.min(...usual)).toBeGreaterThanOrEqual(lowest);
    }
  });

  it("that needs more descriptors than there are is refused with the numbers and the remedy", () => {
    const ring = findWorkload("ring");
    expect(() => {
      requireDescriptors(ring, { pipes: 20_000, active: 1 }, 20_000);
    }).toThrow("ring --pipes 20000 --active 1 needs 40064 descriptors and a process here may have 20000");
    requireDescriptors(ring, { pipes: 9800, active: 1000 }, 20_000);
  });

  it("that does not exist is an error that names those that do", () => {
    expect(() => findWorkload("rong")).toThrow(expect.objectContaining({ remedy: "Choose one of ring, ready, grow" }));
  });
});

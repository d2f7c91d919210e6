import { describe, expect, it } from "@jest/globals";
import { CUSTOM } from "@polyloop/loop-core";
import { scriptedLoop } from "@polyloop/loop-core/testing";
import { journal } from "./journal.js";
import { thrownBy } from "./thrown.js";

describe("promise 1: entering run()", () => {
  it("first invokes what is pending, so that a nested run keeps the order", () => {
    const { loop } = scriptedLoop();
    const { lines, note } = journal();
    const second = loop.idle(note("second"), { start: false, priority: 0 });
    const first = loop.idle(
      () => {
        lines.push("first");
        loop.prepare(note("nested prepare"), { ref: false });
        loop.run("nowait");
        lines.push("first ends");
      },
      { start: false, priority: 1 },
    );
    loop.feed(second, CUSTOM);
    loop.feed(first, CUSTOM);
    loop.run("nowait");
    expect(lines.slice(0, 4)).toEqual(["first", "second", "nested prepare", "first ends"]);
  });

  it("counts nested runs in depth and polls in iteration", () => {
    const { loop } = scriptedLoop();
    const seen: number[][] = [];
    loop.prepare(
      (watcher) => {
        watcher.stop();
        seen.push([loop.depth, loop.iteration]);
      },
      { ref: false },
    );
    loop.check(
      (watcher) => {
        watcher.stop();
        seen.push([loop.depth, loop.iteration]);
        loop.check((nested) => {
          nested.stop();
          seen.push([loop.depth, loop.iteration]);
        });
        loop.run("nowait");
      },
      { ref: false },
    );
    expect([loop.depth, loop.iteration]).toEqual([0, 0]);
    loop.run("nowait");
    expect(seen).toEqual([
      [1, 0],
      [1, 1],
      [2, 2],
    ]);
    expect([loop.depth, loop.iteration]).toEqual([0, 2]);
  });

  it("leaves depth as it was when a callback throws", () => {
    const { loop } = scriptedLoop();
    loop.prepare(() => {
      throw new Error("from a callback");
    });
    expect(() => loop.run("nowait")).toThrow("from a callback");
    expect(loop.depth).toBe(0);
  });
});

describe("promise 9: run and break", () => {
  it("with nothing active does one complete turn that does not wait and returns false", () => {
    const { loop, backend } = scriptedLoop();
    expect(loop.run()).toBe(false);
    expect(loop.iteration).toBe(1);
    expect(backend.timeouts).toEqual([0]);
  });

  it("default goes on until nothing keeps it going", () => {
    const { loop } = scriptedLoop();
    let fired = 0;
    loop.timer(1, (timer) => (++fired === 3 ? timer.stop() : undefined), { repeat: 1 });
    expect(loop.run()).toBe(false);
    expect(fired).toBe(3);
  });

  it("once and nowait do one turn and tell whether something remains", () => {
    const { loop } = scriptedLoop();
    loop.timer(5, () => {});
    expect(loop.run("nowait")).toBe(true);
    expect(loop.run("once")).toBe(false);
  });

  it("break ends the run after this turn's callbacks", () => {
    const { loop } = scriptedLoop();
    const { lines, note } = journal();
    loop.idle(() => {});
    loop.check(note("second"));
    loop.check(() => {
      lines.push("first");
      loop.break();
    });
    expect(loop.run()).toBe(true);
    expect(lines).toEqual(["first", "second"]);
  });

  it("break outside a run does nothing to the next one", () => {
    const { loop } = scriptedLoop();
    let fired = 0;
    loop.timer(1, () => fired++);
    loop.break();
    loop.break("all");
    loop.run();
    expect(fired).toBe(1);
  });

  it("one ends the innermost run, all every nested one", () => {
    for (const which of ["one", "all"] as const) {
      const { loop } = scriptedLoop();
      const { lines } = journal();
      loop.timer(1, () => {
        loop.timer(1, () => {
          loop.break(which);
        });
        loop.run();
        lines.push("inner ended");
      });
      let later = 0;
      loop.timer(50, () => later++);
      loop.run();
      expect(lines).toEqual(["inner ended"]);
      expect(later).toBe(which === "one" ? 1 : 0);
    }
  });

  it("a nested run does not swallow a break meant for the run around it", () => {
    const { loop } = scriptedLoop();
    let later = 0;
    loop.timer(50, () => later++);
    loop.timer(1, () => {
      loop.break();
      loop.run("nowait");
    });
    expect(loop.run()).toBe(true);
    expect(later).toBe(0);
  });

  it("refuses a mode or a break that there is not", () => {
    const { loop } = scriptedLoop();
    expect(thrownBy(() => loop.run("twice" as never)).code).toBe("ERR_INVALID_ARG_VALUE");
    expect(
      thrownBy(() => {
        loop.break("two" as never);
      }).code,
    ).toBe("ERR_INVALID_ARG_VALUE");
  });
});

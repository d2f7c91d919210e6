import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { afterEach, beforeEach, describe, expect, it, jest } from "@jest/globals";
import {
  type BackendFactory,
  type BackendSkipped,
  BackendFailure,
  BackendUnavailable,
  Loop,
  READ,
  WRITE,
} from "@polyloop/loop-core";
import {
  type ManualClock,
  ManualSystem,
  type ScriptedFactory,
  scripted,
  scriptedLoop,
} from "@polyloop/loop-core/testing";
import { thrownBy } from "./thrown.js";

let warnings: string[];

beforeEach(() => {
  warnings = [];
  jest.spyOn(process, "emitWarning").mockImplementation((warning: string | Error, ...rest: unknown[]) => {
    const [details] = rest as [{ code: string }];
    warnings.push(`${details.code}: ${String(warning)}`);
  });
});

afterEach(() => {
  jest.restoreAllMocks();
});

const broken = new BackendFailure("the ring is gone", { remedy: "Buy another one" });

/** A loop whose first backend is called one, the second two. */
function twoBackends(options: { readonly strict?: boolean } = {}) {
  let second: ScriptedFactory | undefined;
  const scene = scriptedLoop({
    ...options,
    others: (clock: ManualClock) => {
      second = scripted(clock, { name: "two" });
      return [second];
    },
  });
  return { ...scene, second: second as ScriptedFactory };
}

describe("a backend that fails", () => {
  it("is replaced within the turn: everything is armed again and nothing is lost", () => {
    const { loop, backend, second } = twoBackends();
    const seen: string[] = [];
    loop.io(4, READ, () => seen.push("read"));
    loop.io(5, WRITE, () => seen.push("write"));
    loop.run("nowait");
    backend.next((sink) => {
      sink.ready(4, READ);
      throw broken;
    });
    loop.run("once");
    const [replacement] = second.made;
    expect(backend.closed).toBe(true);
    expect(replacement?.changes).toEqual([
      { fd: 4, from: 0, to: READ },
      { fd: 5, from: 0, to: WRITE },
    ]);
    // What the first one had reported was pending already, so the second did not wait.
    expect(seen).toEqual(["read"]);
    expect(replacement?.timeouts).toEqual([0]);
    expect(loop.iteration).toBe(2);
    loop.verify();
  });

  it("in modify, flush-free, is replaced just the same", () => {
    const { loop, backend, second } = twoBackends();
    loop.io(4, READ, () => {});
    loop.io(5, READ, () => {});
    backend.modify = (fd) => {
      if (fd === 5) throw broken;
    };
    loop.run("nowait");
    expect(second.made[0]?.changes.map(({ fd }) => fd)).toEqual([4, 5]);
  });

  it("in recreate is replaced, too", () => {
    const { loop, backend, second } = twoBackends();
    loop.io(4, READ, () => {});
    loop.run("nowait");
    backend.recreate = () => {
      throw broken;
    };
    loop.recreate();
    loop.run("nowait");
    expect(second.made[0]?.changes).toEqual([{ fd: 4, from: 0, to: READ }]);
  });

  it("is told on the diagnostics channel, by one warning, and by loop.backend", () => {
    const { loop, backend } = twoBackends();
    const messages: unknown[] = [];
    const listen = (message: unknown): void => {
      messages.push(message);
    };
    subscribe("polyloop:backend:replaced", listen);
    backend.next(() => {
      throw broken;
    });
    loop.run("nowait");
    unsubscribe("polyloop:backend:replaced", listen);
    expect(messages).toEqual([{ loop, from: "scripted", to: "two", error: broken }]);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain("POLYLOOP_BACKEND_REPLACED: the scripted backend failed and was replaced by two");
    expect(loop.backend).toMatchObject({ name: "two", requested: ["scripted", "two"] });
    expect(loop.backend.skipped).toEqual([
      expect.objectContaining({ name: "scripted", code: "ERR_BACKEND_FAILURE", remedy: "Buy another one" }),
    ]);
  });

  it("leaves run() when the loop is strict, or when no candidate is left", () => {
    for (const scene of [twoBackends({ strict: true }), scriptedLoop()]) {
      scene.backend.next(() => {
        throw broken;
      });
      expect(thrownBy(() => scene.loop.run("nowait"))).toBe(broken);
      expect(scene.backend.closed).toBe(true);
      expect(scene.loop.depth).toBe(0);
      // A closed backend is not called again, and the loop says why it cannot go on.
      const polls = scene.backend.timeouts.length;
      expect(thrownBy(() => scene.loop.run("nowait"))).toBe(broken);
      expect(scene.backend.timeouts).toHaveLength(polls);
      scene.loop.verify();
      scene.loop.close();
    }
  });

  it("is not called again by the run around a nested one that swallowed its error", () => {
    const { loop, backend } = scriptedLoop();
    loop.idle(() => {});
    loop.check((self) => {
      self.stop();
      backend.next(() => {
        throw broken;
      });
      expect(thrownBy(() => loop.run("nowait"))).toBe(broken);
    });
    expect(thrownBy(() => loop.run())).toBe(broken);
    expect(backend.timeouts).toHaveLength(2);
  });

  it("nor recreated by it", () => {
    const { loop, backend } = scriptedLoop();
    loop.idle(() => {});
    loop.check((self) => {
      self.stop();
      backend.next(() => {
        throw broken;
      });
      expect(thrownBy(() => loop.run("nowait"))).toBe(broken);
      loop.recreate();
    });
    expect(thrownBy(() => loop.run())).toBe(broken);
    expect(backend.recreations).toBe(0);
  });

  it("may be the reason for a subscriber to close the loop: the turn ends, and nothing is polled any more", () => {
    const { loop, backend, second } = twoBackends();
    let later = 0;
    loop.check(() => later++);
    backend.next(() => {
      throw broken;
    });
    const close = (): void => {
      loop.close();
    };
    subscribe("polyloop:backend:replaced", close);
    expect(loop.run()).toBe(false);
    unsubscribe("polyloop:backend:replaced", close);
    expect(second.made[0]?.timeouts).toHaveLength(1);
    expect([second.made[0]?.closed, later]).toEqual([true, 0]);
  });

  it("falls back to what its factory names when the list is used up, each only once", () => {
    const system = new ManualSystem();
    const last = scripted(system.clock, { name: "last" });
    const first = scripted(system.clock, { name: "first", fallback: last });
    const middle = scripted(system.clock, { name: "middle", fallback: last });
    const loop = new Loop({ backend: [first, middle], system });
    const fail = (factory: ScriptedFactory): void => {
      factory.made[0]?.next(() => {
        throw broken;
      });
    };
    fail(first);
    loop.run("nowait");
    expect(loop.backend.name).toBe("middle");
    fail(middle);
    loop.run("nowait");
    expect(loop.backend.name).toBe("last");
    fail(last);
    expect(thrownBy(() => loop.run("nowait"))).toBe(broken);
    expect([first, middle, last].map(({ made }) => made.length)).toEqual([1, 1, 1]);
  });

  it("that brought its own copy of core is recognised by the name", () => {
    const { loop, backend } = twoBackends();
    backend.next(() => {
      throw Object.assign(new Error("foreign"), { name: "BackendFailure", code: "ERR_BACKEND_FAILURE" });
    });
    loop.run("nowait");
    expect(loop.backend.name).toBe("two");
  });

  it("by any other error is a bug that leaves run() and replaces nothing", () => {
    const { loop, backend } = twoBackends();
    backend.next(() => {
      throw new TypeError("a bug");
    });
    expect(thrownBy(() => loop.run("nowait")).message).toBe("a bug");
    expect(loop.backend.name).toBe("scripted");
  });

  it("by any other error in modify leaves what was not told to be told", () => {
    const { loop, backend } = twoBackends();
    for (const fd of [4, 5, 6]) loop.io(fd, READ, () => {});
    const modify = backend.modify.bind(backend);
    let bugs = 1;
    backend.modify = (fd, from, to) => {
      if (fd === 5 && bugs-- > 0) throw new TypeError("a bug");
      modify(fd, from, to);
    };
    expect(thrownBy(() => loop.run("nowait")).message).toBe("a bug");
    loop.verify();
    loop.run("nowait");
    expect(backend.changes.map(({ fd }) => fd)).toEqual([4, 5, 6]);
    loop.verify();
  });
});

describe("a candidate that cannot run here", () => {
  const no = { ok: false, code: "ENOSYS", reason: "the kernel is too old", remedy: "Boot a newer one" } as const;

  it("is skipped with its reason kept and a warning; the first that can run is taken", () => {
    const told: string[] = [];
    const listen = (message: unknown): void => {
      const { loop, name } = message as BackendSkipped;
      told.push(`${name}, and ${loop.backend.name} runs`);
    };
    subscribe("polyloop:backend:skipped", listen);
    const system = new ManualSystem();
    const loop = new Loop({
      backend: [scripted(system.clock, { name: "old", probe: no }), scripted(system.clock, { name: "good" })],
      system,
    });
    unsubscribe("polyloop:backend:skipped", listen);
    expect(loop.backend).toMatchObject({ name: "good", requested: ["old", "good"], source: "the backend option" });
    expect(loop.backend.skipped).toEqual([{ name: "old", code: "ENOSYS", reason: no.reason, remedy: no.remedy }]);
    expect(told).toEqual(["old, and good runs"]);
    expect(warnings).toEqual([
      "POLYLOOP_BACKEND_SKIPPED: the old backend is not available: the kernel is too old. Boot a newer one",
    ]);
  });

  it("that says so only when it is created is skipped, too", () => {
    const system = new ManualSystem();
    const late: BackendFactory = {
      ...scripted(system.clock, { name: "late" }),
      create() {
        throw new BackendUnavailable("late", "EMFILE", "no descriptor is left");
      },
    };
    const loop = new Loop({ backend: [late, scripted(system.clock)], system });
    expect(loop.backend.name).toBe("scripted");
  });

  it("whose probe throws, or that speaks through another copy of core, is skipped like any other", () => {
    const system = new ManualSystem();
    const throwing: BackendFactory = {
      ...scripted(system.clock, { name: "throwing" }),
      probe() {
        throw new Error("a bug");
      },
    };
    const foreign: BackendFactory = {
      ...scripted(system.clock, { name: "foreign" }),
      create() {
        throw Object.assign(new Error("no"), { name: "BackendUnavailable", code: "EPERM", reason: "forbidden" });
      },
    };
    const loop = new Loop({ backend: [throwing, foreign, scripted(system.clock)], system });
    expect(loop.backend.name).toBe("scripted");
    const silent = { ...scripted(system.clock, { name: "silent" }), probe: () => undefined as never };
    const after = new Loop({ backend: [silent, scripted(system.clock)], system });
    expect(after.backend.skipped[0]).toMatchObject({ code: "ERR_PROBE_FAILED" });
    expect(loop.backend.skipped).toEqual([
      { name: "throwing", code: "ERR_PROBE_FAILED", reason: "its probe threw: a bug", remedy: undefined },
      { name: "foreign", code: "EPERM", reason: "forbidden", remedy: undefined },
    ]);
  });

  it("throws with strict, and when nothing else is left", () => {
    const system = new ManualSystem();
    const old = scripted(system.clock, { name: "old", probe: no });
    const good = scripted(system.clock);
    const strict = thrownBy(() => new Loop({ backend: [old, good], system, strict: true }));
    expect(strict).toMatchObject({ name: "BackendUnavailable", code: "ENOSYS", remedy: no.remedy });
    const none = thrownBy(() => new Loop({ backend: old, system }));
    expect(none.code).toBe("ERR_NO_BACKEND");
    expect(none.message).toContain("old: the kernel is too old");
    expect(none.message).toContain("Boot a newer one");
  });

  it.each([undefined, null, {}, { backend: [] }, { backend: "epoll" }, { backend: [{ name: "x" }] }])(
    "new Loop(%p) is a clear error",
    (options) => {
      expect(thrownBy(() => new Loop(options as never)).code).toMatch(
        /^ERR_(NO_BACKEND|INVALID_ARG_TYPE|INVALID_ARG_VALUE)$/,
      );
    },
  );
});

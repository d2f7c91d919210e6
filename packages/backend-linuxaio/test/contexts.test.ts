import { beforeEach, describe, expect, it, jest } from "@jest/globals";
import { EpollBackend } from "@polyloop/backend-epoll/backend";
import { Delegate } from "@polyloop/backend-epoll/delegate";
import { EAGAIN, EBADF, EINTR, EINVAL } from "@polyloop/backend-epoll/errno";
import { IN } from "@polyloop/backend-epoll/poll-masks";
import { type BackendFactory, Loop, READ, WRITE } from "@polyloop/loop-core";
import { ManualSystem } from "@polyloop/loop-core/testing";
import { LinuxAioBackend } from "../src/backend.js";
import { FakeKernel } from "../testing/fake-kernel.js";
import { type Stage, stage } from "./stage.js";

const EFAULT = 14;

let on: Stage;
beforeEach(() => {
  on = stage();
});

const FAILURE = expect.objectContaining({ code: "ERR_BACKEND_FAILURE" }) as unknown as Error;

/** Watches so many more, ready or not. */
function watch(count: number, bits = 0): number[] {
  const fds = Array.from({ length: count }, () => on.create(bits));
  for (const fd of fds) on.want(fd, READ);
  return fds;
}

const lines = (fds: readonly number[]): string[] => fds.map((fd) => `${String(fd)} READ`).sort();

describe("a context that is too small", () => {
  it("is followed at once by one that holds all, however many they are", () => {
    expect(on.kernel.contexts.map(({ asked }) => asked)).toEqual([15]);
    const fds = watch(3000);
    on.look();
    on.rest();
    expect(on.calls("io_setup")).toBe(2);
    expect(on.kernel.contexts).toHaveLength(1);
    expect(on.kernel.contexts[0]?.asked).toBeGreaterThanOrEqual(3000);
    for (const fd of fds) on.raise(fd, IN);
    expect(on.look()).toEqual(lines(fds));
  });

  it("is followed by few, when descriptors come one by one", () => {
    const fds: number[] = [];
    for (let turn = 0; turn < 2000; turn++) {
      fds.push(...watch(1));
      on.look();
    }
    expect(on.calls("io_setup")).toBeLessThan(10);
    for (const fd of fds) on.raise(fd, IN);
    expect(new Set([...on.look(), ...on.look()])).toEqual(new Set(lines(fds)));
  });

  it("is closed after the next one was opened, and costs nothing in the end", () => {
    const open: number[] = [];
    on.kernel.fault = (call) => {
      if (call === "io_setup") open.push(on.kernel.contexts.length);
      return 0;
    };
    watch(1000);
    on.look();
    expect(open).toEqual([1]);
    on.rest();
    expect(on.kernel.charged).toBe(on.kernel.contexts[0]?.asked);
  });

  it("takes nothing along: what it was answered and had not told is told", () => {
    const early = watch(10);
    on.look();
    for (const fd of early) on.raise(fd, IN);
    watch(1000);
    const seen = new Set<string>();
    for (let turn = 0; turn < 5; turn++) for (const line of on.look()) seen.add(line);
    expect([...seen].sort()).toEqual(lines(early));
  });

  it("lets nothing wait while others move: what becomes ready meanwhile is told in its turn", () => {
    const fds = watch(5000);
    on.look();
    on.rest();
    watch(10_000);
    for (const fd of fds) {
      if (fd % 100 === 0) on.raise(fd, IN);
    }
    expect(on.look(-1)).toEqual(lines(fds.filter((fd) => fd % 100 === 0)));
  });

  it("and gives less room than it promised (EAGAIN) is followed by a larger one, and nothing is lost", () => {
    on.kernel.setAside = 5;
    const fds = watch(12);
    on.look();
    for (const fd of fds) on.raise(fd, IN);
    expect(new Set(on.look())).toEqual(new Set(lines(fds)));
    expect(on.kernel.contexts.at(-1)?.asked).toBeGreaterThan(15);
  });

  it("only because its answers were not read has room once they were", () => {
    const fds = watch(6);
    on.look();
    on.kernel.setAside = 7;
    for (const fd of fds) on.raise(fd, IN);
    for (const fd of fds.slice(0, 4)) on.want(fd, 0);
    const more = watch(3, IN);
    expect(new Set(on.look())).toEqual(new Set(lines([...fds.slice(4), ...more])));
    expect(on.calls("io_setup")).toBe(1);
  });

  it("is full of what is ready again and again: that makes it grow, not spin", () => {
    on.kernel.setAside = 10;
    const fds = watch(12, IN);
    on.kernel.fault = () => {
      if (on.kernel.nativeCalls > 100) throw new Error("it spins");
      return 0;
    };
    expect(new Set(on.look())).toEqual(new Set(lines(fds)));
    expect(on.kernel.nativeCalls).toBeLessThan(20);
  });

  it("is closed first when there is no room for both", () => {
    const early = watch(10);
    on.look();
    on.kernel.maxRequests = 135;
    const fds = [...early, ...watch(60)];
    on.look();
    expect(on.kernel.contexts.map(({ asked }) => asked)).toEqual([126]);
    for (const fd of fds) on.raise(fd, IN);
    expect(on.look()).toEqual(lines(fds));
  });

  it("and cannot grow fails the backend, which names the sysctl to raise", () => {
    on.kernel.maxRequests = 100;
    watch(300);
    expect(() => on.look()).toThrow(
      expect.objectContaining({
        code: "ERR_BACKEND_FAILURE",
        syscall: "io_setup",
        remedy: expect.stringContaining("fs.aio-max-nr"),
      }),
    );
  });
});

describe("while thousands move to a new context", () => {
  /** So many that not all of them have moved. Returns one that has. */
  function moveSome(): number {
    const fds = watch(5000);
    on.look();
    on.rest();
    watch(10_000);
    on.look();
    expect(on.kernel.contexts).toHaveLength(2);
    return fds.find((fd) => on.kernel.contexts[1]?.maskOf(fd) !== undefined) as number;
  }

  it("one that has moved and is stopped is taken back, and its file let go of", () => {
    const fd = moveSome();
    const file = on.kernel.descriptors.file(fd);
    on.want(fd, 0);
    on.rest();
    expect(on.kernel.contexts).toHaveLength(1);
    expect(file.references).toBe(1);
  });

  it("one that has moved and is changed leaves no request behind that ends a wait", () => {
    const fd = moveSome();
    on.want(fd, WRITE);
    on.rest();
    on.raise(fd, IN);
    const before = on.kernel.monotonic;
    expect(on.look(50)).toEqual([]);
    expect(on.kernel.monotonic - before).toBeGreaterThanOrEqual(50);
  });

  it("what is refused is refused, and what fails fails, also when so many are taken back that this is why", () => {
    const fds = watch(3000);
    on.look();
    on.rest();
    for (const fd of fds.slice(0, 200)) on.want(fd, 0);
    const terminal = on.create(0, "terminal");
    on.want(terminal, READ);
    on.want(100_000, READ);
    expect([...on.look(), ...on.look()]).toEqual([`100000 failed ${String(EBADF)}`]);
    on.rest();
    on.raise(terminal, IN);
    expect(on.look(-1)).toEqual(lines([terminal]));
  });
});

describe("when no larger context can be had", () => {
  it("the loop goes on with epoll, and nothing is lost", () => {
    const warned = jest.spyOn(process, "emitWarning").mockImplementation(() => {});
    const kernel = new FakeKernel();
    kernel.maxRequests = 100;
    const factory: BackendFactory = {
      name: "linuxaio",
      probe: () => ({ ok: true, features: [] }),
      create: (context) => new LinuxAioBackend(context, kernel, new Delegate(kernel.epoll)),
      fallback: {
        name: "epoll",
        probe: () => ({ ok: true, features: [] }),
        create: (context) => new EpollBackend(context, kernel.epoll),
      },
    };
    const loop = new Loop({ backend: factory, system: new ManualSystem() });
    const seen = new Set<number>();
    const open = (count: number): number[] => {
      const fds = Array.from({ length: count }, () => kernel.descriptors.create());
      for (const fd of fds) loop.io(fd, READ, () => seen.add(fd));
      return fds;
    };
    const early = open(10);
    loop.run("nowait");
    expect(loop.backend.name).toBe("linuxaio");
    for (const fd of early) kernel.descriptors.file(fd).raise(IN);
    const late = open(300);
    for (const fd of late) kernel.descriptors.file(fd).raise(IN);
    for (let turn = 0; turn < 10; turn++) loop.run("nowait");
    expect(loop.backend).toMatchObject({ name: "epoll", skipped: [{ name: "linuxaio" }] });
    expect([...seen].sort((a, b) => a - b)).toEqual([...early, ...late]);
    expect(warned).toHaveBeenCalled();
    loop.close();
    kernel.catchUp();
    expect(kernel.charged).toBe(0);
    warned.mockRestore();
  });
});

describe("a context that is not there any more", () => {
  it("was destroyed by somebody: another one takes its place, and everything is asked anew", () => {
    const fds = watch(5);
    const terminal = on.create(0, "terminal");
    on.want(terminal, READ);
    on.look();
    on.look();
    let failures = 1;
    on.kernel.fault = (call) => (call === "io_getevents" && failures-- > 0 ? EINVAL : 0);
    let waited = 0;
    on.kernel.onWait = () => {
      waited++;
      for (const fd of [...fds, terminal]) on.raise(fd, IN);
    };
    expect(new Set([...on.look(-1), ...on.look()])).toEqual(new Set(lines([...fds, terminal])));
    expect([on.calls("io_setup"), waited]).toEqual([2, 1]);
    expect(on.kernel.contexts).toHaveLength(1);
  });

  it("was its parent's, and the process a forked child that was told nothing", () => {
    const fds = watch(5);
    on.look();
    on.kernel.fork();
    for (const fd of fds) on.raise(fd, IN);
    expect(new Set([...on.look(), ...on.look()])).toEqual(new Set(lines(fds)));
    expect(on.kernel.contexts).toHaveLength(1);
  });

  it("for the first time or the hundredth: it is replaced as often as it goes, but not for ever in one turn", () => {
    watch(5);
    on.kernel.fault = (call) => (call === "io_getevents" ? EINVAL : 0);
    expect(() => on.look(-1)).toThrow(FAILURE);
    expect(on.calls("io_setup")).toBeLessThan(100);
  });

  it("is told from one that fails in another way, which fails the backend", () => {
    on.kernel.fault = (call) => (call === "io_getevents" ? EFAULT : 0);
    expect(() => on.look(-1)).toThrow(FAILURE);
  });
});

describe("waiting", () => {
  it("passes fractions of a millisecond on, rounded up to nanoseconds", () => {
    for (const timeout of [0.4, 1, 1500.25, 999.9999999]) {
      on.look(timeout);
      expect(on.kernel.waits.at(-1)).toBeGreaterThanOrEqual(timeout);
      expect(on.kernel.waits.at(-1)).toBeLessThan(timeout + 0.001);
    }
    on.look(2 ** 31 * 1000);
    expect(on.kernel.waits.at(-1)).toBeGreaterThan(2 ** 31);
    expect(on.backend.supports.preciseTimeouts).toBe(true);
  });

  it("ends with a signal and reports nothing", () => {
    on.kernel.fault = (call) => (call === "io_getevents" ? EINTR : 0);
    expect(on.look(-1)).toEqual([]);
  });

  it("stamps the time after the wait", () => {
    on.look(7);
    expect([...(on.context.stamp as Float64Array)]).toEqual([on.kernel.monotonic, on.kernel.wall]);
  });

  it("hands over what does not fit into one exchange with the next, and loses nothing", () => {
    const fds = watch(200, IN);
    on.kernel.mostAnswers = 64;
    const seen = new Set<string>();
    for (let turn = 0; turn < 10; turn++) for (const line of on.look()) seen.add(line);
    expect([...seen].sort()).toEqual(lines(fds));
  });

  it.each([true, false])("works with a ring and without: %p", (readsRing) => {
    on.kernel.readsRing = readsRing;
    const fds = watch(20);
    on.look();
    on.kernel.onWait = () => {
      for (const fd of fds) on.raise(fd, IN);
    };
    expect(on.look(-1)).toEqual(lines(fds));
  });
});

describe("recreate and close", () => {
  it("recreate starts over empty and small; core then says everything again", () => {
    const fds = watch(200);
    const terminal = on.create(0, "terminal");
    on.want(terminal, READ);
    on.look();
    on.rest();
    on.kernel.fork();
    on.backend.recreate();
    expect(on.kernel.contexts.map(({ asked }) => asked)).toEqual([15]);
    for (const fd of fds) on.raise(fd, IN);
    expect(on.look()).toEqual([]);
    for (const fd of [...fds, terminal]) on.backend.modify(fd, 0, READ);
    on.raise(terminal, IN);
    expect(new Set([...on.look(), ...on.look()])).toEqual(new Set(lines([...fds, terminal])));
  });

  it("close is idempotent and gives everything back", () => {
    watch(200);
    on.want(on.create(0, "terminal"), READ);
    on.look();
    on.backend.flush();
    on.backend.close();
    on.backend.close();
    on.kernel.catchUp();
    expect([on.kernel.charged, on.kernel.contexts, on.kernel.epoll.sets]).toEqual([0, [], []]);
  });

  it("cannot be made when the kernel gives no context", () => {
    on.kernel.fault = () => EAGAIN;
    expect(() => new LinuxAioBackend(on.context, on.kernel)).toThrow(
      expect.objectContaining({
        name: "BackendUnavailable",
        code: "EAGAIN",
        remedy: expect.stringContaining("fs.aio-max-nr"),
      }),
    );
  });
});

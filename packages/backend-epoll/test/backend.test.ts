import { beforeEach, describe, expect, it } from "@jest/globals";
import {
  type BackendContext,
  BackendFailure,
  DescriptorMap,
  describeEvents,
  EDGE,
  type Interest,
  PRIORITY,
  READ,
  type Sink,
  WRITE,
} from "@polyloop/loop-core";
import { EpollBackend } from "../src/backend.js";
import { EBADF, EEXIST, EINTR, EINVAL, ENOENT, ENOMEM, ENOSYS } from "../src/errno.js";
import { ADD, ERR, ET, HUP, IN, MODIFY, OUT, PRI } from "../src/port.js";
import { FakeKernel } from "../testing/fake-kernel.js";
import { thrownBy } from "./thrown.js";

/** Errors that the state machine does not tell apart from others. */
const EMFILE = 24;
const ELOOP = 40;

/** Writes down what a backend reports. */
class Recorder implements Sink {
  lines: string[] = [];
  ready(fd: number, events: number): void {
    this.lines.push(`${String(fd)} ${describeEvents(events)}`);
  }
  failed(fd: number, errno: number): void {
    this.lines.push(`${String(fd)} failed ${String(errno)}`);
  }
  rearm(fd: number): void {
    this.lines.push(`${String(fd)} rearm`);
  }
  take(): string[] {
    return this.lines.splice(0).sort();
  }
}

let kernel: FakeKernel;
let backend: EpollBackend;
let sink: Recorder;
const context: BackendContext = { generations: new DescriptorMap(), stamp: new Float64Array(2) };

beforeEach(() => {
  kernel = new FakeKernel();
  backend = new EpollBackend(context, kernel);
  sink = new Recorder();
});

/** What core does: remembers what it said last. */
const told = new Map<number, Interest>();
beforeEach(() => {
  told.clear();
});
function want(fd: number, interest: Interest): void {
  backend.modify(fd, told.get(fd) ?? 0, interest);
  told.set(fd, interest);
}
function look(timeout = 0): string[] {
  backend.poll(timeout, sink);
  return sink.take();
}
/** How often a system call was made. */
function calls(name: "epoll_ctl" | "epoll_create1"): number {
  return kernel.calls.get(name) ?? 0;
}

describe("changes", () => {
  it("are batched into the one native call that also waits", () => {
    const fds = Array.from({ length: 300 }, () => kernel.create());
    for (const fd of fds) want(fd, READ);
    expect(kernel.nativeCalls).toBe(0);
    look();
    expect(kernel.nativeCalls).toBe(1);
    expect(calls("epoll_ctl")).toBe(300);
    look();
    expect([kernel.nativeCalls, calls("epoll_ctl")]).toEqual([2, 300]);
  });

  it("that come back to what the kernel has cost nothing", () => {
    const fd = kernel.create();
    want(fd, READ);
    look();
    want(fd, READ | WRITE);
    want(fd, READ);
    look();
    expect(calls("epoll_ctl")).toBe(1);
  });

  it("leave the last of several in one turn", () => {
    const fd = kernel.create();
    kernel.file(fd).ready = IN | OUT;
    want(fd, READ);
    want(fd, WRITE);
    expect(look()).toEqual([`${String(fd)} WRITE`]);
  });

  it("of a stopped descriptor are undone in the kernel with the next batch", () => {
    const fd = kernel.create();
    want(fd, READ);
    look();
    want(fd, 0);
    look();
    expect(kernel.sets[0]?.maskOf(fd)).toBeUndefined();
    kernel.file(fd).raise(IN);
    expect(look()).toEqual([]);
  });

  it("of a number that was closed meanwhile are no error when it is no longer wanted", () => {
    const fd = kernel.create();
    want(fd, READ);
    look();
    want(fd, 0);
    kernel.close(fd);
    expect(look()).toEqual([]);
  });

  it("pass PRIORITY and EDGE on", () => {
    const fd = kernel.create();
    want(fd, PRIORITY | EDGE);
    look();
    expect(kernel.sets[0]?.maskOf(fd)).toBe(PRI | ET);
    kernel.file(fd).raise(PRI);
    expect(look()).toEqual([`${String(fd)} PRIORITY`]);
    expect(look()).toEqual([]);
  });
});

describe("a number that may stand for a new file", () => {
  it("costs one MODIFY when it is the same file", () => {
    const fd = kernel.create();
    want(fd, READ);
    look();
    want(fd, READ);
    kernel.file(fd).raise(IN);
    expect(look()).toEqual([`${String(fd)} READ`]);
    expect(calls("epoll_ctl")).toBe(2);
  });

  it("is added when MODIFY finds that the file went away", () => {
    const fd = kernel.create();
    want(fd, READ);
    look();
    kernel.close(fd);
    kernel.create(true, fd);
    want(fd, READ);
    kernel.file(fd).raise(IN);
    expect(look(-1)).toEqual([`${String(fd)} READ`]);
    expect(look()).toEqual([`${String(fd)} READ`]);
  });

  it("also when the interest changed with the file", () => {
    const fd = kernel.create();
    want(fd, READ);
    look();
    kernel.close(fd);
    kernel.create(true, fd);
    want(fd, WRITE);
    kernel.file(fd).raise(IN | OUT);
    expect(look()).toEqual([`${String(fd)} WRITE`]);
  });
});

describe("answers to epoll_ctl", () => {
  it("ADD: EEXIST becomes MODIFY", () => {
    const fd = kernel.create();
    want(fd, READ);
    look();
    // The delete is lost, as after a close with a dup that came back under the same number.
    kernel.fault = (call, { operation }) => (call === "epoll_ctl" && operation === 2 ? ENOENT : 0);
    want(fd, 0);
    look();
    kernel.fault = () => 0;
    want(fd, WRITE);
    kernel.file(fd).raise(OUT);
    expect(look(-1)).toEqual([`${String(fd)} WRITE`]);
    expect(kernel.sets[0]?.maskOf(fd)).toBe(OUT);
  });

  it.each([
    ["EBADF", EBADF],
    ["ELOOP", ELOOP],
    ["EINVAL", EINVAL],
    ["one that nobody knows", 9999],
  ])("%s is about one descriptor: it fails, the others live", (_name, errno) => {
    const good = kernel.create();
    const bad = kernel.create();
    kernel.file(good).raise(IN);
    kernel.fault = (call, { fd }) => (call === "epoll_ctl" && fd === bad ? errno : 0);
    want(good, READ);
    want(bad, READ);
    expect(look(-1)).toEqual([`${String(good)} READ`, `${String(bad)} failed ${String(errno)}`]);
    kernel.fault = () => 0;
    told.delete(bad);
    kernel.file(bad).raise(IN);
    want(bad, READ);
    expect(look()).toEqual([`${String(good)} READ`, `${String(bad)} READ`]);
  });

  it.each([
    ["ENOMEM", ENOMEM, undefined],
    ["ENOSPC", 28, "fs.epoll.max_user_watches"],
  ])("%s is about the backend, which fails with the remedy", (code, errno, remedy) => {
    kernel.fault = (call) => (call === "epoll_ctl" ? errno : 0);
    want(kernel.create(), READ);
    const error = thrownBy(() => look());
    expect(error).toBeInstanceOf(BackendFailure);
    expect(error.message).toContain(code);
    if (remedy !== undefined) expect(error.remedy).toContain(remedy);
  });

  it("the limit of watches, as the kernel has it", () => {
    kernel.maxRegistrations = 3;
    for (let index = 0; index < 4; index++) want(kernel.create(), READ);
    expect(thrownBy(() => look()).code).toBe("ERR_BACKEND_FAILURE");
  });

  it("that contradict each other for ever make the descriptor fail, not the loop spin", () => {
    const fd = kernel.create();
    kernel.fault = (call, { operation }) =>
      call !== "epoll_ctl" ? 0 : operation === ADD ? EEXIST : operation === MODIFY ? ENOENT : 0;
    want(fd, READ);
    expect(look(-1)[0]).toMatch(/failed/);
    expect(calls("epoll_ctl")).toBeLessThan(10);
  });
});

describe("promise 19: always-ready descriptors", () => {
  it("are ready in every turn, which does not wait", () => {
    const file = kernel.create(false);
    const quiet = kernel.create();
    want(file, READ | WRITE);
    want(quiet, READ);
    for (let turn = 0; turn < 3; turn++) expect(look(-1)).toEqual([`${String(file)} READ|WRITE`]);
    // The one failing ADD is all that it costs.
    expect(calls("epoll_ctl")).toBe(2);
    want(file, READ);
    expect(look(-1)).toEqual([`${String(file)} READ`]);
    want(file, 0);
    kernel.file(quiet).raise(IN);
    expect(look(-1)).toEqual([`${String(quiet)} READ`]);
  });

  it("are found under a number that was a socket's until now", () => {
    const fd = kernel.create();
    want(fd, READ);
    look();
    kernel.close(fd);
    kernel.create(false, fd);
    want(fd, READ);
    expect(look(-1)).toEqual([`${String(fd)} READ`]);
    expect(look(-1)).toEqual([`${String(fd)} READ`]);
  });

  it("that were closed while watched fail within a few turns, and one that became pollable is watched", () => {
    const closed = kernel.create(false);
    const replaced = kernel.create(false);
    want(closed, READ);
    want(replaced, READ);
    look();
    kernel.close(closed);
    kernel.close(replaced);
    kernel.create(true, replaced);
    const seen = new Set<string>();
    for (let turn = 0; turn < 40; turn++) for (const line of look()) seen.add(line);
    expect(seen).toContain(`${String(closed)} failed ${String(EBADF)}`);
    expect(look()).toEqual([]);
    kernel.file(replaced).raise(IN);
    expect(look(-1)).toEqual([`${String(replaced)} READ`]);
  });

  it("do not end every wait when only PRIORITY is wanted of them, and say so to nobody who polls the set", () => {
    const fd = kernel.create(false);
    want(fd, PRIORITY);
    expect(look(5)).toEqual([]);
    look(5);
    expect(kernel.waits.at(-1)).toBe(5);
    backend.flush();
    expect(kernel.sets[0]?.readable).toBe(false);
    want(fd, PRIORITY | READ);
    expect(look(-1)).toEqual([`${String(fd)} READ`]);
  });

  it("are asked about again when the number is watched anew", () => {
    const fd = kernel.create(false);
    want(fd, READ);
    look();
    kernel.close(fd);
    kernel.create(true, fd);
    want(fd, READ);
    expect(look()).toEqual([]);
    kernel.file(fd).raise(IN);
    expect(look()).toEqual([`${String(fd)} READ`]);
  });
});

describe("promise 17: ghosts", () => {
  /** A number that was closed while watched, with a dup that keeps its file open and ready. */
  function haunt(): { readonly fd: number; readonly copy: number } {
    const fd = kernel.create();
    want(fd, READ);
    look();
    const copy = kernel.dup(fd);
    kernel.close(fd);
    return { fd, copy };
  }

  it("of a stopped watcher are discarded, and one new set is all they cost", () => {
    const other = kernel.create();
    want(other, READ);
    const { fd, copy } = haunt();
    want(fd, 0);
    kernel.file(copy).raise(IN);
    expect(look(-1)).toEqual([]);
    expect(calls("epoll_create1")).toBe(2);
    kernel.file(other).raise(IN);
    expect(look(-1)).toEqual([`${String(other)} READ`]);
    for (let turn = 0; turn < 5; turn++) look();
    expect(calls("epoll_create1")).toBe(2);
  });

  it("of the old file are never delivered to the new one under the same number", () => {
    const { fd, copy } = haunt();
    kernel.create(true, fd);
    want(fd, READ);
    kernel.file(copy).raise(IN);
    expect(look()).toEqual([]);
    expect(look()).toEqual([]);
    kernel.file(fd).raise(IN);
    expect(look()).toEqual([`${String(fd)} READ`]);
    expect(calls("epoll_create1")).toBe(2);
  });

  it("need no more than one new set a turn, however many they are", () => {
    const haunted = Array.from({ length: 20 }, haunt);
    for (const { fd, copy } of haunted) {
      want(fd, 0);
      kernel.file(copy).raise(IN);
    }
    expect(look(-1)).toEqual([]);
    expect(calls("epoll_create1")).toBe(2);
  });

  it("change the set's descriptor, so that whoever polls it can notice", () => {
    const { fd, copy } = haunt();
    want(fd, 0);
    kernel.file(copy).raise(IN);
    const before = backend.fd;
    look();
    expect(backend.fd).not.toBe(before);
    expect(kernel.sets).toHaveLength(1);
  });

  it("are got rid of even when no descriptor is left for a second set at the same time", () => {
    const { fd, copy } = haunt();
    want(fd, 0);
    kernel.file(copy).raise(IN);
    kernel.fault = (call) => (call === "epoll_create1" && kernel.sets.length > 0 ? EMFILE : 0);
    expect(look()).toEqual([]);
    expect(kernel.sets).toHaveLength(1);
    kernel.fault = (call) => (call === "epoll_create1" ? EMFILE : 0);
    const again = haunt();
    want(again.fd, 0);
    kernel.file(again.copy).raise(IN);
    expect(thrownBy(() => look())).toMatchObject({
      code: "ERR_BACKEND_FAILURE",
      remedy: expect.stringContaining("RLIMIT"),
    });
  });
});

describe("errors and hang-ups", () => {
  it("count as READ and WRITE of what is wanted and are told besides", () => {
    const fd = kernel.create();
    want(fd, READ);
    kernel.file(fd).raise(HUP);
    expect(look()).toEqual([`${String(fd)} READ|HANGUP`]);
    kernel.file(fd).raise(ERR);
    want(fd, READ | WRITE);
    expect(look()).toEqual([`${String(fd)} READ|WRITE|ERROR|HANGUP`]);
  });

  it("do not spin a loop that only waits for PRIORITY, and urgent data still comes every turn", () => {
    const fd = kernel.create();
    want(fd, PRIORITY);
    kernel.file(fd).raise(HUP);
    expect(look(-1)).toEqual([]);
    // Registering it edge-triggered looks once more; from then on a wait is a real one.
    expect(look(-1)).toEqual([]);
    let waited = 0;
    kernel.onWait = () => {
      waited++;
      kernel.file(fd).raise(PRI);
    };
    expect(look(-1)).toEqual([`${String(fd)} PRIORITY|HANGUP`]);
    expect(waited).toBe(1);
    expect(look(-1)).toEqual([`${String(fd)} PRIORITY|HANGUP`]);
    kernel.file(fd).lower(PRI);
    expect(look(-1)).toEqual([]);
    expect(look(-1)).toEqual([]);
    kernel.onWait = undefined;
    expect(look(5)).toEqual([]);
    expect(kernel.waits.at(-1)).toBe(5);
  });

  it("a parked descriptor that was closed and whose number a stranger has is not registered for the stranger", () => {
    const fd = kernel.create();
    want(fd, PRIORITY);
    kernel.file(fd).raise(HUP);
    look();
    want(fd, 0);
    kernel.close(fd);
    kernel.create(true, fd);
    look();
    look();
    expect(kernel.sets[0]?.maskOf(fd)).toBeUndefined();
  });
});

describe("waiting", () => {
  it("passes fractions of a millisecond on, rounded up to nanoseconds", () => {
    for (const timeout of [0.4, 1, 1500.25, 999.9999999]) {
      look(timeout);
      expect(kernel.waits.at(-1)).toBeGreaterThanOrEqual(timeout);
      expect(kernel.waits.at(-1)).toBeLessThan(timeout + 0.001);
    }
    expect(backend.supports.preciseTimeouts).toBe(true);
  });

  it("rounds up to whole milliseconds on a kernel without epoll_pwait2, and asks for that only once", () => {
    kernel.fault = (call) => (call === "epoll_pwait2" ? ENOSYS : 0);
    const fd = kernel.create();
    want(fd, READ);
    look(0.4);
    look(0.4);
    look(2 ** 40);
    expect(kernel.waits).toEqual([0, 1, 2 ** 31 - 1]);
    expect(kernel.calls.get("epoll_pwait2")).toBe(1);
    expect(backend.supports.preciseTimeouts).toBe(false);
    expect(kernel.sets[0]?.maskOf(fd)).toBe(IN);
  });

  it("takes delays beyond what a wait can hold", () => {
    look(2 ** 31 * 1000);
    expect(kernel.waits.at(-1)).toBeGreaterThan(2 ** 31);
    look(Number.MAX_VALUE);
    expect(kernel.waits.at(-1)).toBeGreaterThan(2 ** 31);
  });

  it("ends with a signal and reports nothing", () => {
    kernel.fault = (call) => (call === "epoll_pwait2" ? EINTR : 0);
    expect(look(-1)).toEqual([]);
  });

  it("stamps the time after the wait", () => {
    look(7);
    expect([...(context.stamp as Float64Array)]).toEqual([kernel.monotonic, kernel.wall]);
  });

  it("asks for more room after a call that filled it, and loses nothing", () => {
    const fds = Array.from({ length: 200 }, () => kernel.create());
    for (const fd of fds) {
      want(fd, READ);
      kernel.file(fd).raise(IN);
    }
    expect([look().length, look().length, look().length]).toEqual([64, 128, 200]);
  });

  it.each([
    ["EBADF", EBADF],
    ["EINVAL", EINVAL],
  ])("opens a new set when somebody closed this one: %s", (_name, errno) => {
    const fd = kernel.create();
    want(fd, READ);
    look();
    let failures = 1;
    kernel.fault = (call) => (call === "epoll_pwait2" && failures-- > 0 ? errno : 0);
    kernel.file(fd).raise(IN);
    look(-1);
    expect(look(-1)).toEqual([`${String(fd)} READ`]);
  });

  it("fails as a backend when the kernel has no memory to wait with", () => {
    kernel.fault = (call) => (call === "epoll_pwait2" ? ENOMEM : 0);
    expect(thrownBy(() => look())).toBeInstanceOf(BackendFailure);
  });
});

describe("for whoever polls its descriptor", () => {
  it("flush hands changes over without waiting", () => {
    const fd = kernel.create();
    kernel.file(fd).raise(IN);
    want(fd, READ);
    expect(kernel.sets[0]?.readable).toBe(false);
    backend.flush();
    expect(kernel.sets[0]?.readable).toBe(true);
    expect(kernel.waits).toEqual([]);
    expect(look()).toEqual([`${String(fd)} READ`]);
  });

  it("the set is readable while an always-ready descriptor is watched, and no longer", () => {
    const file = kernel.create(false);
    want(file, READ);
    backend.flush();
    expect(kernel.sets[0]?.readable).toBe(true);
    expect(look()).toEqual([`${String(file)} READ`]);
    want(file, 0);
    backend.flush();
    expect(look()).toEqual([]);
    expect(kernel.sets[0]?.readable).toBe(false);
  });

  it("a descriptor that failed in flush is reported by the next poll, which the set announces", () => {
    want(555, READ);
    backend.flush();
    expect(kernel.sets[0]?.readable).toBe(true);
    expect(look(-1)).toEqual([`555 failed ${String(EBADF)}`]);
    expect(kernel.sets[0]?.readable).toBe(false);
  });
});

describe("recreate and close", () => {
  it("recreate starts over empty; core then says everything again", () => {
    const fd = kernel.create();
    const file = kernel.create(false);
    want(fd, READ);
    want(file, READ);
    look();
    backend.recreate();
    expect(kernel.sets).toHaveLength(1);
    expect(look()).toEqual([]);
    told.clear();
    want(fd, READ);
    kernel.file(fd).raise(IN);
    expect(look()).toEqual([`${String(fd)} READ`]);
  });

  it("close is idempotent and gives the set back", () => {
    backend.close();
    backend.close();
    expect(kernel.sets).toHaveLength(0);
    // It does not open another one behind the back of whoever closed it.
    expect(thrownBy(() => look())).toBeInstanceOf(BackendFailure);
    expect(kernel.sets).toHaveLength(0);
  });

  it("cannot be made when the kernel gives no set", () => {
    kernel.fault = () => EMFILE;
    expect(thrownBy(() => new EpollBackend(context, kernel))).toMatchObject({
      name: "BackendUnavailable",
      code: "EMFILE",
    });
  });
});

describe("whatever call fails at whatever moment", () => {
  it("after the faults stop, everything wanted and ready is delivered within two turns", () => {
    const errnos = [EINTR, EBADF, EINVAL, ENOENT, EEXIST];
    // What epoll_wait can say; the others are answers to epoll_ctl only.
    const waitErrnos = [EINTR, EBADF, EINVAL];
    for (const errno of errnos) {
      for (let failing = 0; failing < 60; failing++) {
        kernel = new FakeKernel();
        backend = new EpollBackend(context, kernel);
        told.clear();
        let call = 0;
        kernel.fault = (name) => {
          if (name !== "epoll_ctl" && (name !== "epoll_pwait2" || !waitErrnos.includes(errno))) return 0;
          return call++ === failing ? errno : 0;
        };
        const fds = Array.from({ length: 6 }, () => kernel.create());
        const failed = new Set<number>();
        const turn = (): string[] => {
          const lines = look();
          for (const line of lines) {
            const [fd, what] = line.split(" ");
            if (what === "failed") {
              failed.add(Number(fd));
              told.delete(Number(fd));
            }
          }
          return lines;
        };
        for (let step = 0; step < 12; step++) {
          const fd = fds[step % 6] as number;
          if (!failed.has(fd)) want(fd, step % 3 === 0 ? READ | WRITE : READ);
          if (step % 4 === 3) {
            kernel.close(fd);
            kernel.create(true, fd);
            if (!failed.has(fd)) want(fd, told.get(fd) ?? READ);
          }
          turn();
        }
        kernel.fault = () => 0;
        for (const fd of fds) kernel.file(fd).raise(IN);
        turn();
        const delivered = turn();
        const expected = fds.filter((fd) => !failed.has(fd)).map((fd) => `${String(fd)} READ`);
        expect({ errno, failing, delivered }).toEqual({ errno, failing, delivered: expected.sort() });
      }
    }
  });
});

import { beforeEach, describe, expect, it } from "@jest/globals";
import { EBADF, EINVAL, EMFILE } from "@polyloop/backend-epoll/errno";
import { HUP, IN, OUT, PRI } from "@polyloop/backend-epoll/poll-masks";
import { PRIORITY, READ, WRITE } from "@polyloop/loop-core";
import { type Stage, stage } from "./stage.js";

/** Not told apart from others by the state machine. */

let on: Stage;
beforeEach(() => {
  on = stage();
});

/** What the delegate's set has under a number. */
const delegated = (fd: number): number | undefined => on.kernel.epoll.sets[0]?.maskOf(fd);

describe("a descriptor that the kernel refuses", () => {
  it("is watched through epoll, and told in the turn in which it becomes ready", () => {
    const fd = on.create(0, "terminal");
    on.want(fd, READ);
    expect(on.look()).toEqual([]);
    on.look();
    expect(delegated(fd)).toBe(IN);
    on.kernel.onWait = () => {
      on.raise(fd, IN);
    };
    expect(on.look(-1)).toEqual([`${String(fd)} READ`]);
    expect(on.look(-1)).toEqual([`${String(fd)} READ`]);
    on.lower(fd, IN);
    on.kernel.onWait = undefined;
    on.look(5);
    expect(on.look(5)).toEqual([]);
    expect(on.kernel.waits.at(-1)).toBe(5);
  });

  it("is not asked about again until its next change", () => {
    const fd = on.create(0, "terminal");
    on.want(fd, READ);
    on.look();
    on.look();
    const before = on.calls("io_submit");
    for (let turn = 0; turn < 10; turn++) on.look();
    expect(on.calls("io_submit")).toBe(before);
    on.raise(fd, OUT);
    on.want(fd, READ | WRITE);
    expect(on.look(-1)).toEqual([`${String(fd)} WRITE`]);
    expect(delegated(fd)).toBeUndefined();
    expect(on.calls("io_submit")).toBeGreaterThan(before);
  });

  it("can be stopped there", () => {
    const fd = on.create(0, "terminal");
    on.want(fd, READ);
    on.look();
    on.want(fd, 0);
    on.raise(fd, IN);
    expect(on.look()).toEqual([]);
    expect(delegated(fd)).toBeUndefined();
  });

  it.each(["terminal", "signalfd"] as const)("is one of many without harm to the others: a %s", (nature) => {
    const fds = Array.from({ length: 300 }, (_, index) => on.create(0, index % 7 === 0 ? nature : undefined));
    for (const fd of fds) on.want(fd, READ);
    on.look();
    for (const fd of fds) on.raise(fd, IN);
    const seen = new Set([...on.look(), ...on.look()]);
    expect(seen).toEqual(new Set(fds.map((fd) => `${String(fd)} READ`)));
  });

  it("is not asked as if it were known after its first request was lost with the context", () => {
    const fd = on.create(0, "signalfd");
    on.want(fd, READ);
    let failures = 1;
    on.kernel.fault = (call) => (call === "io_getevents" && failures-- > 0 ? EINVAL : 0);
    on.kernel.readsRing = false;
    on.look();
    expect(on.calls("io_setup")).toBe(2);
    on.raise(fd, IN);
    expect(on.look(-1)).toEqual([`${String(fd)} READ`]);
  });

  it("nor when so much is taken back in the same turn that a new context takes over", () => {
    const fds = Array.from({ length: 300 }, () => on.create());
    for (const fd of fds) on.want(fd, READ);
    on.look();
    on.rest();
    for (const fd of fds.slice(0, 200)) on.want(fd, 0);
    const fd = on.create(0, "signalfd");
    on.want(fd, READ);
    on.look();
    on.rest();
    on.raise(fd, IN);
    expect(on.look(-1)).toEqual([`${String(fd)} READ`]);
  });

  it("needs an epoll set: without one the backend fails, with the remedy", () => {
    on.kernel.epoll.fault = (call) => (call === "epoll_create1" ? EMFILE : 0);
    on.want(on.create(0, "terminal"), READ);
    expect(() => on.look()).toThrow(
      expect.objectContaining({
        code: "ERR_BACKEND_FAILURE",
        remedy: expect.stringContaining("RLIMIT"),
      }),
    );
  });
});

describe("promise 19: always-ready descriptors", () => {
  it("are ready in every turn, which does not wait, and cost no request after a few", () => {
    const file = on.create(0, "file");
    on.want(file, READ | WRITE);
    for (let turn = 0; turn < 20; turn++) expect(on.look(-1)).toEqual([`${String(file)} READ|WRITE`]);
    const before = on.calls("io_submit");
    for (let turn = 0; turn < 100; turn++) expect(on.look(-1)).toEqual([`${String(file)} READ|WRITE`]);
    expect(on.calls("io_submit")).toBe(before);
    on.want(file, READ);
    expect(on.look(-1)).toEqual([`${String(file)} READ`]);
    on.want(file, 0);
    expect(on.look(5)).toEqual([]);
  });

  it("beside others, which are told as well", () => {
    const file = on.create(0, "file");
    const pipe = on.create();
    on.want(file, READ);
    on.want(pipe, READ);
    for (let turn = 0; turn < 20; turn++) on.look(-1);
    on.raise(pipe, IN);
    expect(on.look(-1).sort()).toEqual([`${String(file)} READ`, `${String(pipe)} READ`].sort());
  });

  it("do not end every wait when only PRIORITY is wanted of them", () => {
    const file = on.create(0, "file");
    on.want(file, PRIORITY);
    for (let turn = 0; turn < 5; turn++) on.look(5);
    expect(on.look(5)).toEqual([]);
    expect(on.kernel.waits.at(-1)).toBe(5);
    on.want(file, PRIORITY | READ);
    expect(on.look(-1)).toEqual([`${String(file)} READ`]);
  });

  it("that were closed while watched fail within a few turns", () => {
    const file = on.create(0, "file");
    on.want(file, READ);
    for (let turn = 0; turn < 20; turn++) on.look();
    on.kernel.descriptors.close(file);
    const seen = new Set<string>();
    for (let turn = 0; turn < 40; turn++) for (const line of on.look()) seen.add(line);
    expect(seen).toContain(`${String(file)} failed ${String(EBADF)}`);
    expect(on.look()).toEqual([]);
  });
});

describe("what is often ready", () => {
  it("and is no file stays where it is: it is asked about once, and every turn it is ready costs one request", () => {
    const fd = on.create(IN);
    on.want(fd, READ);
    for (let turn = 0; turn < 30; turn++) on.look();
    const questions = on.kernel.epoll.calls.get("epoll_ctl") ?? 0;
    const before = on.calls("io_submit");
    for (let turn = 0; turn < 30; turn++) expect(on.look(-1)).toEqual([`${String(fd)} READ`]);
    expect(on.calls("io_submit") - before).toBe(30);
    expect(on.kernel.epoll.calls.get("epoll_ctl") ?? 0).toBe(questions);
  });
});

describe("a hang-up that nobody wants", () => {
  it("does not spin a loop that only waits for PRIORITY, and urgent data still comes", () => {
    const fd = on.create();
    on.want(fd, PRIORITY);
    on.look();
    on.raise(fd, HUP);
    for (let turn = 0; turn < 5; turn++) expect(on.look(5)).toEqual([]);
    expect(on.kernel.waits.at(-1)).toBe(5);
    on.kernel.onWait = () => {
      on.raise(fd, PRI);
    };
    expect(on.look(-1)).toEqual([`${String(fd)} PRIORITY|HANGUP`]);
  });
});

describe("the delegate's set", () => {
  /** A terminal in the delegate, and a pipe that is not. */
  function both(): readonly [terminal: number, pipe: number] {
    const terminal = on.create(0, "terminal");
    const pipe = on.create();
    on.want(terminal, READ);
    on.want(pipe, READ);
    on.look();
    on.look();
    return [terminal, pipe];
  }

  it("that the program closed by mistake is replaced, whatever has its number now", () => {
    const [terminal, pipe] = both();
    const number = on.kernel.epoll.sets[0]?.fd as number;
    on.kernel.descriptors.close(number);
    const stranger = on.create();
    expect(stranger).toBe(number);
    on.want(on.create(0, "terminal"), READ);
    on.look();
    on.raise(terminal, IN);
    on.raise(pipe, IN);
    const seen = new Set<string>();
    for (let turn = 0; turn < 4; turn++) for (const line of on.look()) seen.add(line);
    expect([...seen].sort()).toEqual([`${String(pipe)} READ`, `${String(terminal)} READ`].sort());
    expect(on.kernel.descriptors.lookup(stranger)).toBeDefined();
  });

  it("replaced so, is not asked for at its old number, and holds no stranger's file", () => {
    const file = on.create(0, "file");
    const terminal = on.create(0, "terminal");
    on.want(file, READ);
    on.want(terminal, READ);
    for (let turn = 0; turn < 20; turn++) on.look();
    on.raise(terminal, IN);
    on.look();
    const number = on.kernel.epoll.sets[0]?.fd as number;
    on.kernel.descriptors.close(number);
    const stranger = on.create();
    expect(stranger).toBe(number);
    on.rest();
    expect(on.kernel.epoll.sets[0]?.fd).not.toBe(number);
    expect(on.kernel.descriptors.file(stranger).references).toBe(1);
  });

  it("that the program closed by mistake makes no stranger's readiness its own: a terminal that has its number", () => {
    const terminal = on.create(0, "terminal");
    on.want(terminal, READ);
    on.look();
    on.look();
    on.raise(terminal, IN);
    on.look();
    const number = on.kernel.epoll.sets[0]?.fd as number;
    on.kernel.descriptors.close(number);
    expect(on.create(0, "terminal")).toBe(number);
    const seen = new Set([...on.look(), ...on.look(), ...on.look()]);
    expect([...seen]).toEqual([`${String(terminal)} READ`]);
  });

  it("replaced under the same number is watched anew", () => {
    const [terminal] = both();
    const set = on.kernel.epoll.sets[0];
    const number = set?.fd as number;
    on.kernel.descriptors.close(number);
    // This makes the backend look there; the next set has the number that is free.
    on.want(on.create(0, "terminal", number + 1), READ);
    on.look();
    on.look();
    expect(on.kernel.epoll.sets[0]).not.toBe(set);
    expect(on.kernel.epoll.sets[0]?.fd).toBe(number);
    on.kernel.onWait = () => {
      on.raise(terminal, IN);
    };
    expect(on.look(-1)).toEqual([`${String(terminal)} READ`]);
  });

  it("is nothing that the program can watch", () => {
    both();
    const set = on.kernel.epoll.sets[0]?.fd as number;
    on.want(set, READ);
    expect(on.look()).toEqual([`${String(set)} failed ${String(EBADF)}`]);
  });

  it("that took the number of a watched descriptor makes that one fail", () => {
    const terminal = on.create(0, "terminal");
    const fd = on.create();
    on.want(fd, READ);
    on.look();
    on.kernel.descriptors.close(fd);
    on.want(terminal, READ);
    const seen = [...on.look(), ...on.look()];
    expect(on.kernel.epoll.sets[0]?.fd).toBe(fd);
    expect(seen).toEqual([`${String(fd)} failed ${String(EBADF)}`]);
    on.raise(terminal, IN);
    expect(on.look()).toEqual([`${String(terminal)} READ`]);
  });

  it("that was replaced leaves its old number to whoever opens something next", () => {
    const [terminal] = both();
    const old = on.kernel.epoll.sets[0]?.fd as number;
    // A dup of a descriptor that was closed while it was there haunts the set, and a new one is all that helps.
    const copy = on.kernel.descriptors.dup(terminal);
    on.kernel.descriptors.close(terminal);
    on.want(terminal, 0);
    on.raise(copy, IN);
    on.look();
    on.kernel.descriptors.create(true, terminal);
    expect(on.kernel.epoll.sets[0]?.fd).not.toBe(old);
    const fd = on.create(IN);
    expect(fd).toBe(old);
    on.want(fd, READ);
    expect(on.look()).toEqual([`${String(fd)} READ`]);
  });
});

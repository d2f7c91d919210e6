import { beforeEach, describe, expect, it } from "@jest/globals";
import { EAGAIN, EINTR, EINVAL } from "@polyloop/backend-epoll/errno";
import { IN, OUT } from "@polyloop/backend-epoll/poll-masks";
import { PRIORITY, READ, WRITE } from "@polyloop/loop-core";
import { type Stage, stage } from "./stage.js";

let on: Stage;
beforeEach(() => {
  on = stage();
});

describe("what is taken back", () => {
  it("is cancelled with the next poll, and what still comes of it is told to nobody", () => {
    const fd = on.create();
    on.want(fd, READ);
    on.look();
    on.want(fd, 0);
    expect(on.calls("io_cancel")).toBe(0);
    on.look();
    expect(on.calls("io_cancel")).toBe(1);
    expect(on.kernel.contexts[0]?.maskOf(fd)).toBeUndefined();
    on.raise(fd, IN);
    expect(on.look()).toEqual([]);
    expect(on.look()).toEqual([]);
  });

  it("was answered already: that, too, is told to nobody", () => {
    const fd = on.create();
    on.want(fd, READ);
    on.look();
    on.raise(fd, IN);
    on.want(fd, 0);
    expect(on.look()).toEqual([]);
  });

  it("lets go of its file", () => {
    const fd = on.create();
    const file = on.kernel.descriptors.file(fd);
    on.want(fd, READ);
    on.look();
    expect(file.references).toBe(2);
    on.want(fd, 0);
    on.kernel.descriptors.close(fd);
    on.look();
    on.look();
    expect(file.references).toBe(0);
  });

  it("of a changed interest does not hide the new one", () => {
    const fd = on.create();
    on.want(fd, READ);
    on.look();
    on.want(fd, WRITE);
    on.look();
    on.raise(fd, IN | OUT);
    expect(on.look()).toEqual([`${String(fd)} WRITE`]);
  });

  it("keeps its slot until it was answered; the fake kernel refuses a slot that is used too early", () => {
    const fds = Array.from({ length: 6 }, () => on.create());
    for (let turn = 0; turn < 30; turn++) {
      for (const [index, fd] of fds.entries())
        on.want(fd, (turn + index) % 3 === 0 ? 0 : turn % 2 === 0 ? READ : WRITE);
      expect(on.look()).toEqual([]);
    }
    for (const fd of fds) {
      on.want(fd, READ);
      on.raise(fd, IN);
    }
    expect(on.look()).toEqual(fds.map((fd) => `${String(fd)} READ`).sort());
    // Slots are used again: a context that is never given back would have grown.
    expect(on.calls("io_setup")).toBeLessThan(3);
  });

  it.each([
    ["EINVAL", EINVAL],
    ["EAGAIN", EAGAIN],
    ["EINTR", EINTR],
  ])("may be answered by %s, whatever that means", (_name, errno) => {
    const fd = on.create();
    const other = on.create();
    on.want(fd, READ);
    on.want(other, READ);
    on.look();
    on.kernel.fault = (call) => (call === "io_cancel" ? errno : 0);
    on.want(fd, 0);
    on.look();
    on.kernel.fault = () => 0;
    on.raise(fd, IN);
    on.raise(other, IN);
    expect(on.look()).toEqual([`${String(other)} READ`]);
    on.want(fd, READ);
    expect(on.look()).toEqual([`${String(fd)} READ`, `${String(other)} READ`]);
  });
});

describe("a wait", () => {
  it("is not ended by the answers of what was taken back", () => {
    const fd = on.create();
    const other = on.create();
    on.want(fd, READ);
    on.want(other, READ);
    on.look();
    on.want(fd, 0);
    const before = on.kernel.monotonic;
    on.look(50);
    expect(on.kernel.monotonic - before).toBeGreaterThanOrEqual(50);
    expect(on.kernel.monotonic - before).toBeLessThan(51);
  });

  it("for ever goes on, too, until something happens", () => {
    const fd = on.create();
    const other = on.create();
    on.want(fd, READ);
    on.want(other, READ);
    on.look();
    on.want(fd, 0);
    const waits: number[] = [];
    on.kernel.onWait = (timeout) => {
      waits.push(timeout);
      if (waits.length === 2) on.raise(other, IN);
    };
    expect(on.look(-1)).toEqual([`${String(other)} READ`]);
    expect(waits).toEqual([-1, -1]);
  });

  it("is not ended by a waker that says what is not so", () => {
    const fd = on.create(0, "socket");
    on.want(fd, PRIORITY);
    on.look();
    const before = on.kernel.monotonic;
    let waits = 0;
    on.kernel.onWait = () => {
      if (waits++ < 5) on.raise(fd, IN);
    };
    expect(on.look(50)).toEqual([]);
    expect(waits).toBe(6);
    expect(on.kernel.monotonic - before).toBeGreaterThanOrEqual(50);
  });

  it("is one system call when nothing was taken back", () => {
    on.want(on.create(), READ);
    on.look();
    on.look(50);
    on.look(0.25);
    expect(on.kernel.waits).toEqual([50, 0.25]);
    expect(on.calls("io_getevents")).toBe(2);
  });
});

describe("many at once", () => {
  it("cost a new context instead, in which everything else goes on", () => {
    const fds = Array.from({ length: 300 }, () => on.create());
    for (const fd of fds) on.want(fd, READ);
    on.look();
    on.rest();
    const size = on.kernel.contexts[0]?.asked;
    const before = { setups: on.calls("io_setup"), cancellations: on.calls("io_cancel") };
    const stopped = fds.slice(0, 140);
    for (const fd of stopped) on.want(fd, 0);
    on.look();
    on.rest();
    // There was room enough.
    expect(on.kernel.contexts.map(({ asked }) => asked)).toEqual([size]);
    expect(on.calls("io_setup")).toBe(before.setups + 1);
    expect(on.calls("io_cancel") - before.cancellations).toBeLessThanOrEqual(140);
    expect(on.kernel.contexts).toHaveLength(1);
    for (const fd of stopped) expect(on.kernel.descriptors.file(fd).references).toBe(1);
    for (const fd of fds) on.raise(fd, IN);
    expect(on.look()).toEqual(
      fds
        .slice(140)
        .map((fd) => `${String(fd)} READ`)
        .sort(),
    );
  });

  it("in every turn cost one context in many turns, because contexts take long to end", () => {
    const fds = Array.from({ length: 200 }, () => on.create());
    for (const fd of fds) on.want(fd, READ);
    on.look();
    on.rest();
    const setups = on.calls("io_setup");
    for (let turn = 0; turn < 20; turn++) {
      for (const fd of fds) on.want(fd, turn % 2 === 0 ? PRIORITY : READ);
      on.look();
    }
    // The others because room is scarce: what is taken back keeps its place for a while.
    expect(on.calls("io_setup") - setups).toBeLessThanOrEqual(3);
    for (const fd of fds) on.raise(fd, IN);
    on.rest();
    expect(on.look()).toHaveLength(200);
  });

  it("that are a few are cancelled one by one", () => {
    const fds = Array.from({ length: 300 }, () => on.create());
    for (const fd of fds) on.want(fd, READ);
    on.look();
    on.rest();
    const setups = on.calls("io_setup");
    for (const fd of fds.slice(0, 100)) on.want(fd, 0);
    on.look();
    expect(on.calls("io_cancel")).toBe(100);
    expect(on.calls("io_setup")).toBe(setups);
  });
});

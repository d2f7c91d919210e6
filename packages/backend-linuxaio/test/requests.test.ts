import { beforeEach, describe, expect, it } from "@jest/globals";
import { EAGAIN, EBADF, EINTR, ENOMEM } from "@polyloop/backend-epoll/errno";
import { ERR, HUP, IN, OUT, PRI } from "@polyloop/backend-epoll/poll-masks";
import { PRIORITY, READ, WRITE } from "@polyloop/loop-core";
import { type Stage, stage } from "./stage.js";

let on: Stage;
beforeEach(() => {
  on = stage();
});

describe("requests", () => {
  it("are batched into the one native call that also waits", () => {
    const fds = Array.from({ length: 10 }, () => on.create());
    for (const fd of fds) on.want(fd, READ);
    expect(on.kernel.nativeCalls).toBe(0);
    on.look();
    expect([on.kernel.nativeCalls, on.calls("io_submit")]).toEqual([1, 1]);
    on.look();
    expect([on.kernel.nativeCalls, on.calls("io_submit")]).toEqual([2, 1]);
  });

  it("are made anew with the next poll's one native call when they were answered, which is level-triggered", () => {
    const fds = Array.from({ length: 10 }, () => on.create(IN));
    for (const fd of fds) on.want(fd, READ);
    const lines = fds.map((fd) => `${String(fd)} READ`).sort();
    for (let turn = 1; turn <= 3; turn++) {
      expect(on.look(-1)).toEqual(lines);
      expect([on.kernel.nativeCalls, on.calls("io_submit")]).toEqual([turn, turn]);
    }
    for (const fd of fds) on.lower(fd, IN);
    expect(on.look()).toEqual([]);
    expect(on.look()).toEqual([]);
    expect([on.kernel.nativeCalls, on.calls("io_submit")]).toEqual([5, 4]);
  });

  it("cost nothing while nothing happens: a look without a wait makes no system call", () => {
    on.want(on.create(), READ);
    on.look();
    const before = new Map(on.kernel.calls);
    for (let turn = 0; turn < 10; turn++) expect(on.look()).toEqual([]);
    expect(on.kernel.calls).toEqual(before);
  });

  it("are answered with what is wanted of what the kernel says, and no more", () => {
    const fd = on.create();
    on.want(fd, READ);
    on.look();
    on.raise(fd, IN | OUT | PRI);
    expect(on.look()).toEqual([`${String(fd)} READ`]);
    on.want(fd, WRITE);
    expect(on.look()).toEqual([`${String(fd)} WRITE`]);
  });

  it("tell of errors and hang-ups besides", () => {
    const fd = on.create();
    on.want(fd, READ);
    on.look();
    on.raise(fd, HUP);
    expect(on.look()).toEqual([`${String(fd)} READ|HANGUP`]);
    on.raise(fd, ERR);
    on.want(fd, READ | WRITE);
    expect(on.look()).toEqual([`${String(fd)} READ|WRITE|ERROR|HANGUP`]);
  });

  it("leave the last of several interests in one turn", () => {
    const fd = on.create(IN | OUT);
    on.want(fd, READ);
    on.want(fd, WRITE);
    expect(on.look()).toEqual([`${String(fd)} WRITE`]);
  });

  it("for PRIORITY wait for urgent data, although a socket's waker says it with every byte", () => {
    const fd = on.create(0, "socket");
    on.want(fd, PRIORITY);
    on.look();
    on.raise(fd, IN);
    expect(on.look()).toEqual([]);
    on.raise(fd, PRI);
    expect(on.look()).toEqual([`${String(fd)} PRIORITY`]);
  });

  it("of a number that was closed fail that one, once; the others live", () => {
    const good = on.create(IN);
    const bad = on.create();
    on.want(good, READ);
    on.want(bad, READ);
    on.kernel.descriptors.close(bad);
    expect(on.look(-1)).toEqual([`${String(good)} READ`, `${String(bad)} failed ${String(EBADF)}`]);
    expect(on.look(-1)).toEqual([`${String(good)} READ`]);
  });

  it("behind one that was refused are made nevertheless", () => {
    const fds = [on.create(IN), on.create(), on.create(IN), on.create(0, "terminal"), on.create(IN)];
    for (const fd of fds) on.want(fd, READ);
    on.kernel.descriptors.close(fds[1] as number);
    const [first = "", second = "", third = "", , fifth = ""] = fds.map(String);
    // Each once, although the refusal of the terminal takes another round.
    expect(on.look(-1)).toEqual(
      [`${first} READ`, `${second} failed ${String(EBADF)}`, `${third} READ`, `${fifth} READ`].sort(),
    );
  });

  it("that a signal interrupted are made again", () => {
    const fd = on.create(IN);
    let signals = 3;
    on.kernel.fault = (call) => (call === "io_submit" && signals-- > 0 ? EINTR : 0);
    on.want(fd, READ);
    expect(on.look(-1)).toEqual([`${String(fd)} READ`]);
  });

  it.each([
    ["ENOMEM", ENOMEM],
    ["a signal each time", EINTR],
    ["no room however large the context", EAGAIN],
    ["one that nobody knows", 9999],
  ])("that can never be made fail the backend: %s", (_name, errno) => {
    on.kernel.fault = (call) => (call === "io_submit" ? errno : 0);
    on.want(on.create(), READ);
    expect(() => on.look()).toThrow(expect.objectContaining({ code: "ERR_BACKEND_FAILURE" }));
  });
});

describe("a number that may stand for a new file", () => {
  it.each([
    ["the same interest", READ, "READ"],
    ["another one", WRITE, "WRITE"],
  ])("is asked about anew, with %s, and the old file is told to nobody", (_which, interest, line) => {
    const fd = on.create();
    on.want(fd, READ);
    on.look();
    const copy = on.kernel.descriptors.dup(fd);
    on.kernel.descriptors.close(fd);
    expect(on.create()).toBe(fd);
    on.want(fd, interest);
    on.raise(copy, IN | OUT);
    expect(on.look()).toEqual([]);
    on.raise(fd, IN | OUT);
    expect(on.look()).toEqual([`${String(fd)} ${line}`]);
  });

  it.each(["terminal", "signalfd", "file"] as const)(
    "may be one that is refused, also with another interest: a %s",
    (nature) => {
      const fd = on.create();
      on.want(fd, READ);
      on.look();
      on.kernel.descriptors.close(fd);
      expect(on.create(0, nature)).toBe(fd);
      on.want(fd, READ | WRITE);
      on.look();
      if (nature !== "file") on.raise(fd, IN | OUT);
      expect(on.look(-1)).toEqual([`${String(fd)} READ|WRITE`]);
    },
  );
});

import { describe, expect, it } from "@jest/globals";
import { EAGAIN, EBADF, EBUSY, ECANCELED, EINTR, EINVAL, ENOMEM, EOPNOTSUPP } from "@polyloop/backend-epoll/errno";
import { HUP, IN, OUT, PRI, RDHUP } from "@polyloop/backend-epoll/poll-masks";
import { EDGE, PRIORITY, READ, WRITE } from "@polyloop/loop-core";
import { MULTISHOT } from "../src/port.js";
import { CROWDED, stage } from "./stage.js";

describe("level-triggered", () => {
  it("a descriptor that stays ready is reported in every turn, one native call each", () => {
    const { create, want, look, kernel } = stage();
    const fd = create(IN);
    want(fd, READ);
    expect([look(), look(), look()]).toEqual([[`${String(fd)} READ`], [`${String(fd)} READ`], [`${String(fd)} READ`]]);
    expect(kernel.nativeCalls).toBe(3);
  });

  it("what is drained is not reported, and waits for the next", () => {
    const { create, want, look, raise, lower, kernel } = stage();
    const fd = create(IN);
    want(fd, READ);
    look();
    lower(fd, IN);
    expect(look()).toEqual([]);
    kernel.onWait = () => {
      raise(fd, IN);
    };
    expect(look(50)).toEqual([`${String(fd)} READ`]);
  });

  it("is polled once: from then on it is only looked at, and only after it was told", () => {
    const { create, want, look, raise, lower, calls } = stage(CROWDED);
    const fds = [create(), create()];
    for (const fd of fds) want(fd, READ);
    // One poll for the first answer, and then one for all.
    for (const fd of fds) raise(fd, IN);
    expect(look()).toHaveLength(2);
    for (const fd of fds) lower(fd, IN);
    expect(look()).toEqual([]);
    const before = calls("poll");
    for (let turn = 0; turn < 3; turn++) {
      for (const fd of fds) raise(fd, IN);
      const looks = calls("look");
      expect(look()).toEqual(fds.map((fd) => `${String(fd)} READ`));
      expect(calls("look") - looks).toBe(turn === 0 ? 0 : 1);
      for (const fd of fds) lower(fd, IN);
    }
    expect(look()).toEqual([]);
    const looks = calls("look");
    expect(look()).toEqual([]);
    expect([calls("poll"), calls("look")]).toEqual([before, looks]);
  });

  it("is polled for each answer when few are told in a turn, which then costs one system call, and once when many are", () => {
    const { create, want, look, raise, lower, calls, ring } = stage();
    const fds = Array.from({ length: 8 }, () => create());
    for (const fd of fds) want(fd, READ);
    look();
    const turn = (count: number): readonly number[] => {
      const ready = fds.slice(0, count);
      for (const fd of ready) raise(fd, IN);
      expect(look()).toHaveLength(count);
      for (const fd of ready) lower(fd, IN);
      const before = [calls("poll"), calls("look"), calls("io_uring_enter")] as const;
      expect(look()).toEqual([]);
      return [calls("poll") - before[0], calls("look") - before[1], calls("io_uring_enter") - before[2]];
    };
    expect(turn(2)).toEqual([2, 0, 1]);
    expect(turn(2)).toEqual([2, 0, 1]);
    // From now on they are asked about.
    expect(turn(8)).toEqual([8, 0, 1]);
    expect(turn(8)).toEqual([0, 1, 0]);
    expect(turn(3)).toEqual([0, 1, 0]);
    // No more, which takes their polls back.
    expect(turn(2)).toEqual([2, 0, 1]);
    expect(turn(2)).toEqual([2, 0, 1]);
    expect(ring().size).toBe(8);
  });

  it("what came and was taken before the next look is not told", () => {
    const { create, want, look, raise, lower } = stage(CROWDED);
    const fd = create(IN);
    want(fd, READ);
    look();
    lower(fd, IN);
    // As if the callback had read what came while it ran, too.
    raise(fd, IN);
    lower(fd, IN);
    expect([look(), look()]).toEqual([[], []]);
    raise(fd, IN);
    expect(look()).toEqual([`${String(fd)} READ`]);
  });

  it("what comes before the look at others is told, however long nobody has looked at it", () => {
    const { create, want, look, raise, lower } = stage(CROWDED);
    const [one, other] = [create(), create()];
    want(one, READ);
    want(other, READ);
    look();
    // Long enough for a counter of 8 bits to come round.
    for (let polls = 250; polls < 262; polls++) {
      raise(one, IN);
      expect(look()).toContain(`${String(one)} READ`);
      lower(one, IN);
      look();
      for (let count = 1; count < polls; count++) {
        raise(other, IN);
        look();
        lower(other, IN);
      }
    }
  });

  it("what was taken before the next look, or the flush, does not end a wait", () => {
    const { create, want, look, raise, lower, kernel, backend } = stage(CROWDED);
    const fd = create(IN);
    for (const isFlushed of [false, true]) {
      want(fd, READ);
      raise(fd, IN);
      look();
      raise(fd, IN);
      lower(fd, IN);
      if (isFlushed) backend.flush();
      const before = kernel.monotonic;
      expect(look(20)).toEqual([]);
      expect(kernel.monotonic - before).toBeCloseTo(20);
    }
  });

  it("is polled in every turn where polls do not go on, before Linux 5.13", () => {
    const { create, want, look, lower, raise, kernel, backend, calls } = stage();
    kernel.features &= ~MULTISHOT;
    backend.recreate();
    const fd = create(IN);
    want(fd, READ);
    for (let turn = 0; turn < 5; turn++) expect(look()).toEqual([`${String(fd)} READ`]);
    expect([calls("poll"), calls("look")]).toEqual([4, 1]);
    lower(fd, IN);
    expect(look()).toEqual([]);
    raise(fd, IN);
    expect(look()).toEqual([`${String(fd)} READ`]);
  });

  it("who asks about more descriptors than RLIMIT_NOFILE allows by now is told what came, and polls anew", () => {
    const { create, want, look, raise, lower, kernel } = stage(CROWDED);
    const [fd, socket] = [create(IN), create(0, "socket")];
    want(fd, READ);
    want(socket, READ);
    look();
    kernel.fault = (call) => (call === "look" ? EINVAL : 0);
    raise(socket, IN);
    expect([look(), look()]).toEqual([
      [`${String(fd)} READ`, `${String(socket)} READ`],
      [`${String(fd)} READ`, `${String(socket)} READ`],
    ]);
    lower(fd, IN);
    lower(socket, IN);
    const before = kernel.monotonic;
    expect(look(100)).toEqual([]);
    expect(kernel.monotonic - before).toBeCloseTo(100);
  });

  it("nobody can say what is so: it is polled anew", () => {
    const { create, want, look, raise, lower, kernel, ring } = stage(CROWDED);
    const fd = create(IN);
    want(fd, READ);
    look();
    kernel.fault = (call) => (call === "look" ? ENOMEM : 0);
    expect([look(), look()]).toEqual([[`${String(fd)} READ`], [`${String(fd)} READ`]]);
    lower(fd, IN);
    expect(look()).toEqual([]);
    kernel.fault = () => 0;
    raise(fd, IN);
    expect(look()).toEqual([`${String(fd)} READ`]);
    expect(ring().size).toBe(1);
  });

  it("nothing to ask, nothing to hand over and no time to wait: no system call", () => {
    const { create, want, look, calls } = stage();
    want(create(), READ);
    look();
    const before = calls("io_uring_enter");
    for (let turn = 0; turn < 10; turn++) look();
    expect(calls("io_uring_enter")).toBe(before);
  });

  it("several changes before a poll leave the last, and one that changes nothing asks nothing", () => {
    const { create, want, look, ring } = stage();
    const fd = create(OUT);
    want(fd, READ);
    want(fd, READ | WRITE);
    want(fd, READ);
    expect(look()).toEqual([]);
    expect(ring().maskOf(fd)).toBeDefined();
    expect(ring().size).toBe(1);
  });
});

describe("what is ready whenever it is asked about", () => {
  it("is asked about with poll(2), for all of them together, and the ring is left alone", () => {
    const { create, want, look, calls, ring } = stage();
    const fds = Array.from({ length: 5 }, () => create(IN));
    for (const fd of fds) want(fd, READ);
    // By then epoll has been asked whether they are always ready.
    for (let turn = 0; turn < 20; turn++) expect(look()).toHaveLength(5);
    // And nobody polls them, so that nothing comes of their wake-ups.
    expect(fds.map((fd) => ring().maskOf(fd))).toEqual(fds.map(() => undefined));
    const before = calls("poll") + calls("io_uring_enter");
    const looks = calls("look");
    for (let turn = 0; turn < 20; turn++) expect(look(1000)).toHaveLength(5);
    expect(calls("poll") + calls("io_uring_enter")).toBe(before);
    expect(calls("look") - looks).toBe(20);
  });

  it("is waited for by the ring when it is not ready, in the same call", () => {
    const { create, want, look, raise, lower, kernel } = stage();
    const fd = create(IN);
    want(fd, READ);
    for (let turn = 0; turn < 20; turn++) look();
    lower(fd, IN);
    const before = kernel.nativeCalls;
    kernel.onWait = () => {
      raise(fd, IN);
    };
    expect(look(1000)).toEqual([`${String(fd)} READ`]);
    expect(kernel.nativeCalls - before).toBe(1);
  });

  it("keeps nobody else waiting, and fails when it is closed", () => {
    const { create, want, look, raise, kernel } = stage();
    const [hot, other] = [create(IN), create()];
    want(hot, READ);
    want(other, READ);
    for (let turn = 0; turn < 20; turn++) look();
    raise(other, IN);
    expect(look()).toEqual([`${String(hot)} READ`, `${String(other)} READ`].sort());
    kernel.descriptors.close(hot);
    expect(look()).toContain(`${String(hot)} failed ${String(EBADF)}`);
  });
});

describe("edge-triggered, by polls that go on", () => {
  it("a descriptor is reported once an edge, and is not asked about again", () => {
    const { create, want, look, raise, calls } = stage();
    const fd = create(IN);
    want(fd, READ | EDGE);
    expect([look(), look()]).toEqual([[`${String(fd)} READ`], []]);
    const before = calls("poll");
    raise(fd, IN);
    raise(fd, IN);
    expect([look(), look()]).toEqual([[`${String(fd)} READ`], []]);
    expect(calls("poll")).toBe(before);
  });

  it("a poll that ended because its answer had no place is made again, and tells what it would have told", () => {
    const { kernel, create, want, look, raise, lower, backend } = stage();
    kernel.mostCompletions = 2;
    backend.recreate();
    const fds = Array.from({ length: 6 }, () => create());
    for (const fd of fds) want(fd, READ | EDGE);
    look();
    for (const fd of fds) raise(fd, IN);
    expect(look()).toHaveLength(6);
    expect(kernel.overflows).toBeGreaterThan(0);
    look();
    for (const fd of fds) lower(fd, IN);
    look();
    for (const fd of fds) raise(fd, IN);
    expect(look()).toHaveLength(6);
  });
});

describe("answers that nobody asked for", () => {
  it("of a stopped descriptor are dropped", () => {
    const { create, want, look, raise } = stage();
    const fd = create();
    want(fd, READ);
    look();
    raise(fd, IN);
    want(fd, 0);
    expect(look()).toEqual([]);
  });

  it("of a file whose number is another file's by now are dropped", () => {
    const { kernel, create, want, look, raise } = stage();
    const fd = create();
    const old = kernel.descriptors.file(fd);
    want(fd, READ);
    look();
    kernel.descriptors.close(fd);
    expect(create()).toBe(fd);
    want(fd, 0);
    want(fd, READ);
    old.raise(IN);
    expect(look()).toEqual([]);
    raise(fd, IN);
    expect(look()).toEqual([`${String(fd)} READ`]);
  });

  it("end no wait: it goes on for what is left of it", () => {
    const { create, want, look, kernel } = stage();
    const [fd, other] = [create(), create()];
    want(fd, READ);
    want(other, READ);
    look();
    want(fd, 0);
    const before = kernel.monotonic;
    expect(look(20)).toEqual([]);
    expect(kernel.monotonic - before).toBeCloseTo(20);
  });

  it("a peer that will send no more does not spin who waits for room: epoll has it from then on", () => {
    const { kernel, create, want, look, raise } = stage();
    const fd = create();
    want(fd, WRITE);
    look();
    raise(fd, RDHUP);
    look();
    look();
    const before = kernel.nativeCalls;
    kernel.onWait = undefined;
    expect(look(1000)).toEqual([]);
    expect(kernel.nativeCalls - before).toBeLessThanOrEqual(2);
    expect(kernel.epoll.sets[0]?.maskOf(fd)).toBeDefined();
    raise(fd, OUT);
    expect(look()).toEqual([`${String(fd)} WRITE`]);
  });

  it("what a waker says and is not so is not reported, and ends no wait", () => {
    const { kernel, create, want, look, raise, lower } = stage();
    const fd = create(0, "socket");
    want(fd, PRIORITY);
    look();
    raise(fd, IN);
    expect(look()).toEqual([]);
    lower(fd, IN);
    kernel.onWait = () => {
      kernel.onWait = undefined;
      raise(fd, IN);
    };
    const before = kernel.monotonic;
    expect(look(1000)).toEqual([]);
    expect(kernel.monotonic - before).toBeCloseTo(1000);
    raise(fd, PRI);
    expect(look()).toEqual([`${String(fd)} PRIORITY`]);
    expect(kernel.epoll.sets).toHaveLength(0);
  });

  it.each([
    ["of a poll that goes on", 0],
    ["of one that does not", MULTISHOT],
  ])("nor when nobody can say whether it is so: it is polled anew, %s", (_name, without) => {
    const { kernel, backend, create, want, look, raise } = stage(CROWDED);
    kernel.features &= ~without;
    backend.recreate();
    const fd = create(0, "socket");
    want(fd, PRIORITY);
    look();
    kernel.fault = (call) => (call === "look" ? ENOMEM : 0);
    raise(fd, IN);
    expect(look()).toEqual([]);
    kernel.fault = () => 0;
    look();
    raise(fd, PRI);
    expect(look()).toEqual([`${String(fd)} PRIORITY`]);
  });
});

describe("a descriptor that is closed while it is watched", () => {
  it("fails when it is looked at, and nothing of its file is told of the next one with its number", () => {
    const { kernel, create, want, look, raise, ring } = stage(CROWDED);
    const [fd, other] = [create(IN), create(IN)];
    const old = kernel.descriptors.file(fd);
    want(fd, READ);
    want(other, READ);
    for (let turn = 0; turn < 2; turn++) look();
    kernel.descriptors.close(fd);
    expect(look()).toContain(`${String(fd)} failed ${String(EBADF)}`);
    expect(create()).toBe(fd);
    want(fd, READ);
    old.raise(IN | HUP);
    expect(look()).toEqual([`${String(other)} READ`]);
    expect(old.references).toBe(0);
    raise(fd, IN);
    expect(look()).toContain(`${String(fd)} READ`);
    want(fd, 0);
    want(other, 0);
    look();
    expect(ring().size).toBe(0);
  });
});

describe("a stopped descriptor", () => {
  it("is polled no more, also when something came just before it was stopped", () => {
    const { kernel, create, want, look, raise, lower, ring } = stage(CROWDED);
    const fd = create(IN);
    want(fd, READ);
    look();
    look();
    expect(ring().size).toBe(1);
    for (const interest of [READ | WRITE, READ, 0]) {
      raise(fd, IN);
      want(fd, interest);
      lower(fd, IN);
      look();
    }
    expect(ring().size).toBe(0);
    const file = kernel.descriptors.file(fd);
    kernel.descriptors.close(fd);
    expect(file.references).toBe(0);
  });

  it("that is closed then is let go of in the next poll", () => {
    const { kernel, create, want, look } = stage();
    const fd = create();
    const file = kernel.descriptors.file(fd);
    want(fd, READ);
    look();
    want(fd, 0);
    kernel.descriptors.close(fd);
    expect(file.references).toBe(1);
    look();
    expect(file.references).toBe(0);
  });

  it("costs nothing from then on", () => {
    const { create, want, look, ring, calls } = stage();
    const fd = create();
    want(fd, READ);
    look();
    want(fd, 0);
    look();
    const before = calls("io_uring_enter");
    look();
    expect([ring().size, calls("io_uring_enter")]).toEqual([0, before]);
  });
});

describe("a descriptor that cannot be polled", () => {
  it.each([
    ["EINVAL", EINVAL],
    ["EOPNOTSUPP", EOPNOTSUPP],
  ])("%s: epoll has it until its next change", (_name, errno) => {
    const { kernel, create, want, look, raise, ring } = stage();
    const fd = create();
    kernel.fault = (call, detail) => (call === "poll" && detail.fd === fd ? errno : 0);
    want(fd, READ);
    look();
    look();
    expect(kernel.epoll.sets[0]?.maskOf(fd)).toBeDefined();
    raise(fd, IN);
    expect(look()).toEqual([`${String(fd)} READ`]);
    kernel.fault = () => 0;
    want(fd, READ | WRITE);
    expect(look()).toEqual([`${String(fd)} READ`]);
    expect(kernel.epoll.sets[0]?.maskOf(fd)).toBeUndefined();
    expect(ring().size).toBeGreaterThan(0);
  });

  it("EBADF: it failed, and only that one", () => {
    const { kernel, create, want, look } = stage();
    const [fd, other] = [create(IN), create(IN)];
    want(fd, READ);
    want(other, READ);
    kernel.descriptors.close(fd);
    expect(look()).toEqual([`${String(fd)} failed ${String(EBADF)}`, `${String(other)} READ`].sort());
    expect(look()).toEqual([`${String(other)} READ`]);
  });

  it("ECANCELED, though nobody took it back: it is asked about anew", () => {
    const { kernel, create, want, look } = stage();
    const fd = create(IN);
    let times = 0;
    kernel.fault = (call) => (call === "poll" && times++ === 0 ? ECANCELED : 0);
    want(fd, READ);
    expect([look(), look()]).toEqual([[], [`${String(fd)} READ`]]);
  });

  it("a regular file is not asked about in every turn", () => {
    const { create, want, look, calls } = stage();
    const fd = create(0, "file");
    want(fd, READ);
    for (let turn = 0; turn < 20; turn++) expect(look()).toEqual([`${String(fd)} READ`]);
    const before = calls("poll");
    for (let turn = 0; turn < 100; turn++) expect(look()).toEqual([`${String(fd)} READ`]);
    expect(calls("poll") - before).toBe(0);
  });
});

describe("requests that the kernel does not take", () => {
  it.each([
    ["EAGAIN", EAGAIN],
    ["EBUSY", EBUSY],
    ["EINTR", EINTR],
  ])("%s: those taken are not made again, the others are", (_name, errno) => {
    const { kernel, create, want, look, ring } = stage();
    const fds = [create(IN), create(IN), create(IN)];
    for (const fd of fds) want(fd, READ);
    let times = 0;
    kernel.takenBeforeFault = 1;
    kernel.fault = (call) => (call === "io_uring_enter" && times++ < 2 ? errno : 0);
    const seen = [...look(), ...look()];
    expect(new Set(seen)).toEqual(new Set(fds.map((fd) => `${String(fd)} READ`)));
    expect(ring().error).toBe(0);
  });

  it("removals, too: the file is let go of", () => {
    const { kernel, create, want, look } = stage();
    const fd = create();
    const file = kernel.descriptors.file(fd);
    want(fd, READ);
    look();
    want(fd, 0);
    kernel.descriptors.close(fd);
    let times = 0;
    kernel.fault = (call) => (call === "io_uring_enter" && times++ < 3 ? EAGAIN : 0);
    look();
    expect(file.references).toBe(0);
  });

  it("for ever: the backend is given up, with a remedy", () => {
    const { kernel, create, want, look } = stage();
    want(create(IN), READ);
    kernel.fault = (call) => (call === "io_uring_enter" ? EAGAIN : 0);
    expect(() => look()).toThrow(/io_uring_enter failed with EAGAIN/);
  });
});

it("an error and a hang-up count as READ and WRITE", () => {
  const { create, want, look, raise } = stage();
  const fd = create();
  want(fd, READ | WRITE);
  look();
  raise(fd, IN | OUT | HUP);
  expect(look()).toEqual([`${String(fd)} READ|WRITE|HANGUP`]);
});

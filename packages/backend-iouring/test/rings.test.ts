import { describe, expect, it } from "@jest/globals";
import { EBADR, ENOMEM } from "@polyloop/backend-epoll/errno";
import { IN } from "@polyloop/backend-epoll/poll-masks";
import { READ } from "@polyloop/loop-core";
import { CROWDED, stage } from "./stage.js";

/** Files that are watched and ready. */
function watchMany(on: ReturnType<typeof stage>, count: number): number[] {
  const fds = Array.from({ length: count }, () => on.create(IN));
  for (const fd of fds) on.want(fd, READ);
  return fds;
}

describe("a ring that grows", () => {
  it("has places for twice as many answers as there are polls, and nothing is lost on the way", () => {
    const on = stage();
    watchMany(on, 3000);
    expect(on.look()).toHaveLength(3000);
    expect(on.ring().room).toBe(8192);
    expect(on.kernel.rings).toHaveLength(1);
    expect(on.kernel.overflows).toBe(0);
  });

  it("asks everything anew in the larger one, and takes nothing of the smaller one for an answer", () => {
    const on = stage();
    const few = watchMany(on, 10);
    for (const fd of few) on.lower(fd, IN);
    on.look();
    for (const fd of few) on.raise(fd, IN);
    watchMany(on, 2000);
    expect(on.look()).toHaveLength(2010);
    expect([on.kernel.rings.length, on.ring().size]).toEqual([1, 0]);
    expect(on.calls("io_uring_setup")).toBe(2);
  });

  it("but not for what is always ready, which is not polled", () => {
    const on = stage();
    watchMany(on, 600);
    for (let turn = 0; turn < 20; turn++) expect(on.look()).toHaveLength(600);
    expect(on.calls("io_uring_setup")).toBe(1);
  });

  it("to the kernel's limit, beyond which answers find their places elsewhere", () => {
    const on = stage();
    on.kernel.mostCompletions = 64;
    on.backend.recreate();
    watchMany(on, 500);
    expect(on.look()).toHaveLength(500);
    expect(on.look()).toHaveLength(500);
    expect(on.ring().room).toBe(64);
    // One that does not grow is not tried again and again.
    expect(on.calls("io_uring_setup")).toBeLessThanOrEqual(3);
  });

  it("unless there is no memory: then the backend is given up, with a remedy", () => {
    const on = stage();
    watchMany(on, 2000);
    on.kernel.fault = (call) => (call === "io_uring_setup" ? ENOMEM : 0);
    expect(() => on.look()).toThrow(
      expect.objectContaining({
        message: expect.stringContaining("io_uring_setup failed with ENOMEM"),
        remedy: expect.stringContaining("RLIMIT_MEMLOCK"),
      }),
    );
  });
});

describe("a ring that has lost answers", () => {
  it("is replaced, and everything is asked anew", () => {
    const on = stage();
    const [fd = -1] = watchMany(on, 1);
    on.lower(fd, IN);
    on.look();
    on.raise(fd, IN);
    let times = 0;
    on.kernel.fault = (call) => (call === "io_uring_enter" && times++ === 0 ? EBADR : 0);
    expect(on.look()).toEqual([`${String(fd)} READ`]);
    expect(on.calls("io_uring_setup")).toBe(2);
  });

  it("again and again: the backend is given up", () => {
    const on = stage();
    watchMany(on, 1);
    on.kernel.fault = (call) => (call === "io_uring_enter" ? EBADR : 0);
    expect(() => on.look()).toThrow(/io_uring_enter failed/);
  });
});

describe("a forked child", () => {
  it("that was not declared gets a ring of its own, and its parent's stays as it is", () => {
    const on = stage();
    const fds = watchMany(on, 3);
    const idle = on.create();
    on.want(idle, READ);
    on.look();
    const rings = [...on.kernel.rings];
    on.kernel.fork();
    const [parents] = rings;
    expect(on.look()).toEqual(fds.map((fd) => `${String(fd)} READ`));
    expect(on.kernel.rings).toHaveLength(1);
    expect(on.kernel.rings).not.toContain(parents);
    expect(parents?.size).toBe(1);
  });

  it("that somebody polls, too", () => {
    const on = stage();
    const [fd = -1] = watchMany(on, 1);
    on.kernel.fork();
    on.backend.flush();
    expect(on.kernel.isReadable(on.backend.fd)).toBe(true);
    expect(on.look()).toEqual([`${String(fd)} READ`]);
  });

  it("that was declared begins with nothing, as core asks", () => {
    const on = stage();
    const [fd = -1] = watchMany(on, 1);
    on.look();
    on.kernel.fork();
    on.backend.recreate();
    expect(on.look()).toEqual([]);
    on.backend.modify(fd, 0, READ);
    expect(on.look()).toEqual([`${String(fd)} READ`]);
  });
});

describe("the descriptor that others poll", () => {
  it("is an eventfd that is opened when it is asked for, and told of answers when somebody polls it", () => {
    const on = stage();
    const fd = on.create();
    on.want(fd, READ);
    on.look();
    expect(on.calls("eventfd")).toBe(0);
    const own = on.backend.fd;
    expect(own).toBeGreaterThanOrEqual(0);
    expect(on.calls("io_uring_register")).toBe(0);
    on.backend.flush();
    expect(on.calls("io_uring_register")).toBe(1);
    expect(on.kernel.isReadable(own)).toBe(false);
    on.raise(fd, IN);
    expect(on.kernel.isReadable(own)).toBe(true);
    expect(on.look()).toEqual([`${String(fd)} READ`]);
    on.lower(fd, IN);
    on.backend.flush();
    on.look();
    on.backend.flush();
    expect(on.kernel.isReadable(own)).toBe(false);
  });

  it("is not readable for what was told and is over, and ends no wait", () => {
    const on = stage(CROWDED);
    const fd = on.create(IN);
    on.want(fd, READ);
    for (let turn = 0; turn < 3; turn++) {
      on.raise(fd, IN);
      expect(on.look()).toEqual([`${String(fd)} READ`]);
      on.lower(fd, IN);
      on.backend.flush();
      expect(on.kernel.isReadable(on.backend.fd)).toBe(false);
      const before = on.kernel.monotonic;
      expect(on.look(60)).toEqual([]);
      expect(on.kernel.monotonic - before).toBeCloseTo(60);
    }
  });

  it("is readable when a change waits that nobody has flushed, and for always-ready descriptors", () => {
    const on = stage();
    const fd = on.create(0, "file");
    on.want(fd, READ);
    on.backend.flush();
    expect(on.kernel.isReadable(on.backend.fd)).toBe(true);
    for (let turn = 0; turn < 20; turn++) {
      expect(on.look()).toEqual([`${String(fd)} READ`]);
      on.backend.flush();
      expect(on.kernel.isReadable(on.backend.fd)).toBe(true);
    }
  });

  it("goes with a ring that is replaced to the next", () => {
    const on = stage();
    const fd = on.create();
    on.want(fd, READ);
    on.backend.flush();
    on.look();
    for (const other of watchMany(on, 2000)) on.lower(other, IN);
    on.backend.flush();
    on.look();
    on.backend.flush();
    expect(on.kernel.isReadable(on.backend.fd)).toBe(false);
    on.raise(fd, IN);
    expect(on.kernel.isReadable(on.backend.fd)).toBe(true);
  });

  it("costs nothing any more when nobody has asked for a while", () => {
    const on = stage();
    const fd = on.create();
    on.want(fd, READ);
    on.backend.flush();
    for (let turn = 0; turn < 100; turn++) on.look();
    on.backend.flush();
    expect(on.calls("io_uring_register")).toBe(2);
  });
});

it("closing is idempotent and lets go of everything", () => {
  const on = stage();
  const fd = on.create();
  const file = on.kernel.descriptors.file(fd);
  on.want(fd, READ);
  on.look();
  on.backend.close();
  on.backend.close();
  expect(file.references).toBe(1);
});

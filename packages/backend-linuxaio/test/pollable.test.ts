import { beforeEach, describe, expect, it } from "@jest/globals";
import { EBADF } from "@polyloop/backend-epoll/errno";
import { IN } from "@polyloop/backend-epoll/poll-masks";
import { READ } from "@polyloop/loop-core";
import { type Stage, stage } from "./stage.js";

let on: Stage;
beforeEach(() => {
  on = stage();
});

const isReadable = (): boolean => on.kernel.isReadable(on.backend.fd);

describe("for whoever polls its descriptor", () => {
  it("there is an eventfd, once somebody asks for it", () => {
    on.want(on.create(), READ);
    on.look();
    expect(on.calls("eventfd")).toBe(0);
    expect(on.backend.fd).toBeGreaterThan(2);
    expect(on.backend.fd).toBe(on.backend.fd);
    expect(on.calls("eventfd")).toBe(1);
  });

  it("flush hands requests over without waiting, and what is ready makes it readable", () => {
    const fd = on.create(IN);
    on.want(fd, READ);
    expect(isReadable()).toBe(false);
    on.backend.flush();
    expect(isReadable()).toBe(true);
    expect(on.kernel.waits).toEqual([]);
    expect(on.look()).toEqual([`${String(fd)} READ`]);
    on.lower(fd, IN);
    on.backend.flush();
    on.look();
    on.backend.flush();
    expect(isReadable()).toBe(false);
  });

  it("what happens after flush makes it readable, also to a request that was made before", () => {
    const fd = on.create();
    on.want(fd, READ);
    on.look();
    on.backend.flush();
    on.look();
    on.backend.flush();
    expect(isReadable()).toBe(false);
    on.raise(fd, IN);
    expect(isReadable()).toBe(true);
    expect(on.look()).toEqual([`${String(fd)} READ`]);
    // The next poll has something to ask, and then nothing to tell.
    expect(isReadable()).toBe(true);
    on.lower(fd, IN);
    on.look();
    expect(isReadable()).toBe(false);
  });

  it("a terminal that epoll watches makes it readable, too", () => {
    const fd = on.create(0, "terminal");
    on.want(fd, READ);
    on.backend.flush();
    expect(isReadable()).toBe(false);
    for (let turn = 0; turn < 3; turn++) {
      on.backend.flush();
      on.look();
    }
    on.backend.flush();
    expect(isReadable()).toBe(false);
    on.raise(fd, IN);
    expect(isReadable()).toBe(true);
    expect(on.look()).toEqual([`${String(fd)} READ`]);
  });

  it("it is readable as long as an always-ready descriptor is watched, and no longer", () => {
    const file = on.create(0, "file");
    on.want(file, READ);
    for (let turn = 0; turn < 20; turn++) {
      on.backend.flush();
      expect(isReadable()).toBe(true);
      expect(on.look()).toEqual([`${String(file)} READ`]);
    }
    on.want(file, 0);
    for (let turn = 0; turn < 3; turn++) {
      on.backend.flush();
      on.look();
    }
    on.backend.flush();
    expect(isReadable()).toBe(false);
  });

  it("a descriptor that failed in flush is reported by the next poll, which it announces", () => {
    on.want(555, READ);
    on.backend.flush();
    expect(isReadable()).toBe(true);
    expect(on.look(-1)).toEqual([`555 failed ${String(EBADF)}`]);
    on.backend.flush();
    expect(isReadable()).toBe(false);
  });

  it("so is one that is the backend's own and cannot be watched", () => {
    on.want(on.backend.fd, READ);
    on.backend.flush();
    expect(isReadable()).toBe(true);
    expect(on.look(-1)).toEqual([`${String(on.backend.fd)} failed ${String(EBADF)}`]);
  });

  it("a context that grows goes on telling", () => {
    const fds = Array.from({ length: 300 }, () => on.create());
    for (const fd of fds.slice(0, 10)) on.want(fd, READ);
    on.backend.flush();
    for (const fd of fds.slice(10)) on.want(fd, READ);
    for (let turn = 0; turn < 5; turn++) {
      on.backend.flush();
      on.look();
    }
    on.backend.flush();
    expect(isReadable()).toBe(false);
    on.raise(fds[3] as number, IN);
    expect(isReadable()).toBe(true);
    expect(on.look()).toEqual([`${String(fds[3])} READ`]);
  });

  it("so does what becomes ready in the context before, while thousands move to the new one", () => {
    const fds = Array.from({ length: 6000 }, () => on.create());
    for (const fd of fds.slice(0, 3000)) on.want(fd, READ);
    on.backend.flush();
    on.look();
    on.rest();
    on.backend.flush();
    for (const fd of fds.slice(3000)) on.want(fd, READ);
    on.backend.flush();
    on.raise(fds[2900] as number, IN);
    expect(isReadable()).toBe(true);
  });

  it("one that the program closed by mistake makes nothing fail that is watched", () => {
    const fds = Array.from({ length: 5 }, () => on.create(IN));
    for (const fd of fds) on.want(fd, READ);
    on.backend.flush();
    on.look();
    on.kernel.descriptors.close(on.backend.fd);
    const seen = new Set([...on.look(), ...on.look()]);
    expect([...seen]).toEqual(fds.map((fd) => `${String(fd)} READ`).sort());
  });

  it("requests tell it nothing while nobody asks: 64 polls after the last flush it is off, and with the next one on", () => {
    const fd = on.create();
    on.want(fd, READ);
    on.backend.flush();
    for (let turn = 0; turn < 80; turn++) on.look();
    const late = on.create();
    on.want(late, READ);
    on.look();
    on.raise(late, IN);
    expect(isReadable()).toBe(false);
    on.look();
    on.lower(late, IN);
    on.look();
    on.backend.flush();
    on.look();
    on.backend.flush();
    expect(isReadable()).toBe(false);
    on.raise(late, IN);
    expect(isReadable()).toBe(true);
  });

  it("one that cannot be opened fails the backend when it is needed", () => {
    on.kernel.fault = (call) => (call === "eventfd" ? 24 : 0);
    expect(on.backend.fd).toBeLessThan(0);
    expect(() => on.backend.flush()).toThrow(
      expect.objectContaining({ code: "ERR_BACKEND_FAILURE", syscall: "eventfd" }),
    );
  });

  it("a watched number that was closed, and is the eventfd's now, is a closed one", () => {
    const fd = on.create();
    on.want(fd, READ);
    on.look();
    on.kernel.descriptors.close(fd);
    expect(on.backend.fd).toBe(fd);
    expect(on.look()).toEqual([`${String(fd)} failed ${String(EBADF)}`]);
    on.want(fd, READ);
    expect(on.look()).toEqual([`${String(fd)} failed ${String(EBADF)}`]);
  });

  it("recreate gives it another eventfd, because a child shares the one of its parent", () => {
    const before = on.kernel.descriptors.file(on.backend.fd);
    on.backend.flush();
    on.kernel.fork();
    on.backend.recreate();
    expect(on.kernel.descriptors.file(on.backend.fd)).not.toBe(before);
    const fd = on.create(IN);
    on.backend.modify(fd, 0, READ);
    on.backend.flush();
    expect(isReadable()).toBe(true);
  });
});

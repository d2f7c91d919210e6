import { beforeEach, describe, expect, it } from "@jest/globals";
import { BackendFailure, READ } from "@polyloop/loop-core";
import { EpollBackend } from "../src/backend.js";
import { EBADF, EINTR, EINVAL, EMFILE, ENOMEM, ENOSYS } from "../src/errno.js";
import { IN } from "../src/poll-masks.js";

import { type Stage, stage } from "./stage.js";
import { thrownBy } from "./thrown.js";

/** Not told apart from others by the state machine. */

let kernel: Stage["kernel"];
let backend: Stage["backend"];
let context: Stage["context"];
let want: Stage["want"];
let look: Stage["look"];
beforeEach(() => {
  ({ kernel, backend, context, want, look } = stage());
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
    const fd = kernel.descriptors.create();
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
    const fds = Array.from({ length: 200 }, () => kernel.descriptors.create());
    for (const fd of fds) {
      want(fd, READ);
      kernel.descriptors.file(fd).raise(IN);
    }
    expect([look().length, look().length, look().length]).toEqual([64, 128, 200]);
  });

  it.each([
    ["EBADF", EBADF],
    ["EINVAL", EINVAL],
  ])("opens a new set when somebody closed this one: %s", (_name, errno) => {
    const fd = kernel.descriptors.create();
    want(fd, READ);
    look();
    let failures = 1;
    kernel.fault = (call) => (call === "epoll_pwait2" && failures-- > 0 ? errno : 0);
    kernel.descriptors.file(fd).raise(IN);
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
    const fd = kernel.descriptors.create();
    kernel.descriptors.file(fd).raise(IN);
    want(fd, READ);
    expect(kernel.sets[0]?.readable).toBe(false);
    backend.flush();
    expect(kernel.sets[0]?.readable).toBe(true);
    expect(kernel.waits).toEqual([]);
    expect(look()).toEqual([`${String(fd)} READ`]);
  });

  it("the set is readable while an always-ready descriptor is watched, and no longer", () => {
    const file = kernel.descriptors.create(false);
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
    const fd = kernel.descriptors.create();
    const file = kernel.descriptors.create(false);
    want(fd, READ);
    want(file, READ);
    look();
    backend.recreate();
    expect(kernel.sets).toHaveLength(1);
    expect(look()).toEqual([]);
    backend.modify(fd, 0, READ);
    kernel.descriptors.file(fd).raise(IN);
    expect(look()).toEqual([`${String(fd)} READ`]);
  });

  it("a number that was closed while watched and is the new set's own is a closed one", () => {
    const fd = kernel.descriptors.create();
    want(fd, READ);
    look();
    kernel.descriptors.close(fd);
    backend.recreate();
    expect(backend.fd).toBe(fd);
    backend.modify(fd, 0, READ);
    expect(look()).toEqual([`${String(fd)} failed ${String(EBADF)}`]);
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

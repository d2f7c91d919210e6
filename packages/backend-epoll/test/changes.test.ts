import { beforeEach, describe, expect, it } from "@jest/globals";
import { BackendFailure, EDGE, PRIORITY, READ, WRITE } from "@polyloop/loop-core";
import { EBADF, EEXIST, EINVAL, ENOENT, ENOMEM } from "../src/errno.js";
import { IN, OUT, PRI } from "../src/poll-masks.js";
import { ADD, ET, MODIFY } from "../src/port.js";
import { type Stage, stage } from "./stage.js";
import { thrownBy } from "./thrown.js";

/** Not told apart from others by the state machine. */
const ELOOP = 40;

let kernel: Stage["kernel"];
let want: Stage["want"];
let look: Stage["look"];
let calls: Stage["calls"];
let reused: Stage["reused"];
beforeEach(() => {
  ({ kernel, want, look, calls, reused } = stage());
});

describe("changes", () => {
  it("are batched into the one native call that also waits", () => {
    const fds = Array.from({ length: 300 }, () => kernel.descriptors.create());
    for (const fd of fds) want(fd, READ);
    expect(kernel.nativeCalls).toBe(0);
    look();
    expect(kernel.nativeCalls).toBe(1);
    expect(calls("epoll_ctl")).toBe(300);
    look();
    expect([kernel.nativeCalls, calls("epoll_ctl")]).toEqual([2, 300]);
  });

  it("that come back to what the kernel has cost nothing", () => {
    const fd = kernel.descriptors.create();
    want(fd, READ);
    look();
    want(fd, READ | WRITE);
    want(fd, READ);
    look();
    expect(calls("epoll_ctl")).toBe(1);
  });

  it("leave the last of several in one turn", () => {
    const fd = kernel.descriptors.create();
    kernel.descriptors.file(fd).ready = IN | OUT;
    want(fd, READ);
    want(fd, WRITE);
    expect(look()).toEqual([`${String(fd)} WRITE`]);
  });

  it("of a stopped descriptor are undone in the kernel with the next batch", () => {
    const fd = kernel.descriptors.create();
    want(fd, READ);
    look();
    want(fd, 0);
    look();
    expect(kernel.sets[0]?.maskOf(fd)).toBeUndefined();
    kernel.descriptors.file(fd).raise(IN);
    expect(look()).toEqual([]);
  });

  it("of a number that was closed meanwhile are no error when it is no longer wanted", () => {
    const fd = kernel.descriptors.create();
    want(fd, READ);
    look();
    want(fd, 0);
    kernel.descriptors.close(fd);
    expect(look()).toEqual([]);
  });

  it("pass PRIORITY and EDGE on", () => {
    const fd = kernel.descriptors.create();
    want(fd, PRIORITY | EDGE);
    look();
    expect(kernel.sets[0]?.maskOf(fd)).toBe(PRI | ET);
    kernel.descriptors.file(fd).raise(PRI);
    expect(look()).toEqual([`${String(fd)} PRIORITY`]);
    expect(look()).toEqual([]);
  });
});

describe("a number that may stand for a new file", () => {
  it("costs one MODIFY when it is the same file", () => {
    const fd = kernel.descriptors.create();
    want(fd, READ);
    look();
    want(fd, READ);
    kernel.descriptors.file(fd).raise(IN);
    expect(look()).toEqual([`${String(fd)} READ`]);
    expect(calls("epoll_ctl")).toBe(2);
  });

  it("is added when MODIFY finds that the file went away", () => {
    const fd = reused();
    want(fd, READ);
    kernel.descriptors.file(fd).raise(IN);
    expect(look(-1)).toEqual([`${String(fd)} READ`]);
    expect(look()).toEqual([`${String(fd)} READ`]);
  });

  it("also when the interest changed with the file", () => {
    const fd = reused();
    want(fd, WRITE);
    kernel.descriptors.file(fd).raise(IN | OUT);
    expect(look()).toEqual([`${String(fd)} WRITE`]);
  });
});

describe("answers to epoll_ctl", () => {
  it("ADD: EEXIST becomes MODIFY", () => {
    const fd = kernel.descriptors.create();
    want(fd, READ);
    look();
    // The delete is lost, as after a close with a dup that came back under the same number.
    kernel.fault = (call, { operation }) => (call === "epoll_ctl" && operation === 2 ? ENOENT : 0);
    want(fd, 0);
    look();
    kernel.fault = () => 0;
    want(fd, WRITE);
    kernel.descriptors.file(fd).raise(OUT);
    expect(look(-1)).toEqual([`${String(fd)} WRITE`]);
    expect(kernel.sets[0]?.maskOf(fd)).toBe(OUT);
  });

  it.each([
    ["EBADF", EBADF],
    ["ELOOP", ELOOP],
    ["EINVAL", EINVAL],
    ["one that nobody knows", 9999],
  ])("%s is about one descriptor: it fails, the others live", (_name, errno) => {
    const good = kernel.descriptors.create();
    const bad = kernel.descriptors.create();
    kernel.descriptors.file(good).raise(IN);
    kernel.fault = (call, { fd }) => (call === "epoll_ctl" && fd === bad ? errno : 0);
    want(good, READ);
    want(bad, READ);
    expect(look(-1)).toEqual([`${String(good)} READ`, `${String(bad)} failed ${String(errno)}`]);
    kernel.fault = () => 0;
    kernel.descriptors.file(bad).raise(IN);
    want(bad, READ);
    expect(look()).toEqual([`${String(good)} READ`, `${String(bad)} READ`]);
  });

  it.each([
    ["ENOMEM", ENOMEM, undefined],
    ["ENOSPC", 28, "fs.epoll.max_user_watches"],
  ])("%s is about the backend, which fails with the remedy", (code, errno, remedy) => {
    kernel.fault = (call) => (call === "epoll_ctl" ? errno : 0);
    want(kernel.descriptors.create(), READ);
    const error = thrownBy(() => look());
    expect(error).toBeInstanceOf(BackendFailure);
    expect(error.message).toContain(code);
    if (remedy !== undefined) expect(error.remedy).toContain(remedy);
  });

  it("the limit of watches, as the kernel has it", () => {
    kernel.maxRegistrations = 3;
    for (let index = 0; index < 4; index++) want(kernel.descriptors.create(), READ);
    expect(thrownBy(() => look()).code).toBe("ERR_BACKEND_FAILURE");
  });

  it("that contradict each other for ever make the descriptor fail, not the loop spin", () => {
    const fd = kernel.descriptors.create();
    kernel.fault = (call, { operation }) =>
      call !== "epoll_ctl" ? 0 : operation === ADD ? EEXIST : operation === MODIFY ? ENOENT : 0;
    want(fd, READ);
    expect(look(-1)[0]).toMatch(/failed/);
    expect(calls("epoll_ctl")).toBeLessThan(10);
  });
});

import { beforeEach, describe, expect, it } from "@jest/globals";
import { PRIORITY, READ, WRITE } from "@polyloop/loop-core";
import { EMFILE } from "../src/errno.js";
import { ERR, HUP, IN, PRI } from "../src/poll-masks.js";
import { type Stage, stage } from "./stage.js";
import { thrownBy } from "./thrown.js";

let kernel: Stage["kernel"];
let backend: Stage["backend"];
let want: Stage["want"];
let look: Stage["look"];
let calls: Stage["calls"];
beforeEach(() => {
  ({ kernel, backend, want, look, calls } = stage());
});

describe("promise 17: ghosts", () => {
  /** A number that was closed while watched, with a dup that keeps its file open and ready. */
  function haunt(): { readonly fd: number; readonly copy: number } {
    const fd = kernel.descriptors.create();
    want(fd, READ);
    look();
    const copy = kernel.descriptors.dup(fd);
    kernel.descriptors.close(fd);
    return { fd, copy };
  }

  it("of a stopped watcher are discarded, and one new set is all they cost", () => {
    const other = kernel.descriptors.create();
    want(other, READ);
    const { fd, copy } = haunt();
    want(fd, 0);
    kernel.descriptors.file(copy).raise(IN);
    expect(look(-1)).toEqual([]);
    expect(calls("epoll_create1")).toBe(2);
    kernel.descriptors.file(other).raise(IN);
    expect(look(-1)).toEqual([`${String(other)} READ`]);
    for (let turn = 0; turn < 5; turn++) look();
    expect(calls("epoll_create1")).toBe(2);
  });

  it("of the old file are never delivered to the new one under the same number", () => {
    const { fd, copy } = haunt();
    kernel.descriptors.create(true, fd);
    want(fd, READ);
    kernel.descriptors.file(copy).raise(IN);
    expect(look()).toEqual([]);
    expect(look()).toEqual([]);
    kernel.descriptors.file(fd).raise(IN);
    expect(look()).toEqual([`${String(fd)} READ`]);
    expect(calls("epoll_create1")).toBe(2);
  });

  it("need no more than one new set a turn, however many they are", () => {
    const haunted = Array.from({ length: 20 }, haunt);
    for (const { fd, copy } of haunted) {
      want(fd, 0);
      kernel.descriptors.file(copy).raise(IN);
    }
    expect(look(-1)).toEqual([]);
    expect(calls("epoll_create1")).toBe(2);
  });

  it("change the set's descriptor, so that whoever polls it can notice", () => {
    const { fd, copy } = haunt();
    want(fd, 0);
    kernel.descriptors.file(copy).raise(IN);
    const before = backend.fd;
    look();
    expect(backend.fd).not.toBe(before);
    expect(kernel.sets).toHaveLength(1);
  });

  it("are got rid of even when no descriptor is left for a second set at the same time", () => {
    const { fd, copy } = haunt();
    want(fd, 0);
    kernel.descriptors.file(copy).raise(IN);
    kernel.fault = (call) => (call === "epoll_create1" && kernel.sets.length > 0 ? EMFILE : 0);
    expect(look()).toEqual([]);
    expect(kernel.sets).toHaveLength(1);
    kernel.fault = (call) => (call === "epoll_create1" ? EMFILE : 0);
    const again = haunt();
    want(again.fd, 0);
    kernel.descriptors.file(again.copy).raise(IN);
    expect(thrownBy(() => look())).toMatchObject({
      code: "ERR_BACKEND_FAILURE",
      remedy: expect.stringContaining("RLIMIT"),
    });
  });
});

describe("errors and hang-ups", () => {
  it("count as READ and WRITE of what is wanted and are told besides", () => {
    const fd = kernel.descriptors.create();
    want(fd, READ);
    kernel.descriptors.file(fd).raise(HUP);
    expect(look()).toEqual([`${String(fd)} READ|HANGUP`]);
    kernel.descriptors.file(fd).raise(ERR);
    want(fd, READ | WRITE);
    expect(look()).toEqual([`${String(fd)} READ|WRITE|ERROR|HANGUP`]);
  });

  it("do not spin a loop that only waits for PRIORITY, and urgent data still comes every turn", () => {
    const fd = kernel.descriptors.create();
    want(fd, PRIORITY);
    kernel.descriptors.file(fd).raise(HUP);
    expect(look(-1)).toEqual([]);
    // Registering it edge-triggered looks once more; from then on a wait is a real one.
    expect(look(-1)).toEqual([]);
    let waited = 0;
    kernel.onWait = () => {
      waited++;
      kernel.descriptors.file(fd).raise(PRI);
    };
    expect(look(-1)).toEqual([`${String(fd)} PRIORITY|HANGUP`]);
    expect(waited).toBe(1);
    expect(look(-1)).toEqual([`${String(fd)} PRIORITY|HANGUP`]);
    kernel.descriptors.file(fd).lower(PRI);
    expect(look(-1)).toEqual([]);
    expect(look(-1)).toEqual([]);
    kernel.onWait = undefined;
    expect(look(5)).toEqual([]);
    expect(kernel.waits.at(-1)).toBe(5);
  });

  it("a parked descriptor that was closed and whose number a stranger has is not registered for the stranger", () => {
    const fd = kernel.descriptors.create();
    want(fd, PRIORITY);
    kernel.descriptors.file(fd).raise(HUP);
    look();
    want(fd, 0);
    kernel.descriptors.close(fd);
    kernel.descriptors.create(true, fd);
    look();
    look();
    expect(kernel.sets[0]?.maskOf(fd)).toBeUndefined();
  });
});

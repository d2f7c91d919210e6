import { beforeEach, describe, expect, it } from "@jest/globals";
import { PRIORITY, READ, WRITE } from "@polyloop/loop-core";
import { EBADF } from "../src/errno.js";
import { IN } from "../src/poll-masks.js";

import { type Stage, stage } from "./stage.js";

let kernel: Stage["kernel"];
let backend: Stage["backend"];
let want: Stage["want"];
let look: Stage["look"];
let calls: Stage["calls"];
let reused: Stage["reused"];
beforeEach(() => {
  ({ kernel, backend, want, look, calls, reused } = stage());
});

describe("promise 19: always-ready descriptors", () => {
  it("are ready in every turn, which does not wait", () => {
    const file = kernel.descriptors.create(false);
    const quiet = kernel.descriptors.create();
    want(file, READ | WRITE);
    want(quiet, READ);
    for (let turn = 0; turn < 3; turn++) expect(look(-1)).toEqual([`${String(file)} READ|WRITE`]);
    // The one failing ADD is all that it costs.
    expect(calls("epoll_ctl")).toBe(2);
    want(file, READ);
    expect(look(-1)).toEqual([`${String(file)} READ`]);
    want(file, 0);
    kernel.descriptors.file(quiet).raise(IN);
    expect(look(-1)).toEqual([`${String(quiet)} READ`]);
  });

  it("end the wait also when they are found out beside a change that takes another round", () => {
    const fd = reused();
    want(fd, READ);
    const file = kernel.descriptors.create(false);
    want(file, READ);
    // MODIFY finds another file and becomes ADD; meanwhile the file has been refused, and nothing else will end the wait.
    expect(look(-1)).toEqual([`${String(file)} READ`]);
  });

  it("are found under a number that was a socket's until now", () => {
    const fd = reused(false);
    want(fd, READ);
    expect(look(-1)).toEqual([`${String(fd)} READ`]);
    expect(look(-1)).toEqual([`${String(fd)} READ`]);
  });

  it("that were closed while watched fail within a few turns, and one that became pollable is watched", () => {
    const closed = kernel.descriptors.create(false);
    const replaced = kernel.descriptors.create(false);
    want(closed, READ);
    want(replaced, READ);
    look();
    kernel.descriptors.close(closed);
    kernel.descriptors.close(replaced);
    kernel.descriptors.create(true, replaced);
    const seen = new Set<string>();
    for (let turn = 0; turn < 40; turn++) for (const line of look()) seen.add(line);
    expect(seen).toContain(`${String(closed)} failed ${String(EBADF)}`);
    expect(look()).toEqual([]);
    kernel.descriptors.file(replaced).raise(IN);
    expect(look(-1)).toEqual([`${String(replaced)} READ`]);
  });

  it("do not end every wait when only PRIORITY is wanted of them, and say so to nobody who polls the set", () => {
    const fd = kernel.descriptors.create(false);
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
    const fd = kernel.descriptors.create(false);
    want(fd, READ);
    look();
    kernel.descriptors.close(fd);
    kernel.descriptors.create(true, fd);
    want(fd, READ);
    expect(look()).toEqual([]);
    kernel.descriptors.file(fd).raise(IN);
    expect(look()).toEqual([`${String(fd)} READ`]);
  });
});

import { expect, it } from "@jest/globals";
import { hands, newContext } from "@polyloop/backend-epoll/testing";
import { EDGE, Loop, READ } from "@polyloop/loop-core";
import { eventfd, read, write } from "@polyloop/sys";
import { closeAll, pty } from "@polyloop/sys/testing";
import { IoUringBackend } from "../src/backend.js";
import { iouring } from "../src/index.js";
import { nativePort } from "../src/native.js";

it("an edge-triggered watcher of a terminal that hung up is told so, and not in every turn", () => {
  const loop = new Loop({ backend: iouring(), strict: true });
  const [master, slave] = pty();
  let calls = 0;
  loop.io(slave, READ, () => calls++, { edge: true });
  loop.run("nowait");
  closeAll(master);
  const limit = loop.timer(2000, () => {});
  while (calls === 0 && limit.active) loop.run("once");
  limit.stop();
  for (let turn = 0; turn < 50; turn++) loop.run("nowait");
  expect(calls).toBeGreaterThanOrEqual(1);
  // Once by io_uring, once by the epoll set that has it from then on.
  expect(calls).toBeLessThanOrEqual(2);
  loop.close();
  closeAll(slave);
});

it("edges beyond the ring's places end their polls, which are made again, and none is lost", () => {
  const backend = new IoUringBackend(newContext(), { ...nativePort, open: () => nativePort.open(2, 4) });
  const { want, look } = hands(backend);
  const fds = Array.from({ length: 300 }, () => eventfd(0));
  const one = new Uint8Array(new BigUint64Array([1n]).buffer);
  for (const fd of fds) want(fd, READ | EDGE);
  expect(look()).toEqual([]);
  for (let round = 0; round < 5; round++) {
    for (const fd of fds) write(fd, one);
    expect(look()).toHaveLength(300);
    for (const fd of fds) read(fd, one);
    expect(look()).toEqual([]);
  }
  backend.close();
  closeAll(...fds);
});

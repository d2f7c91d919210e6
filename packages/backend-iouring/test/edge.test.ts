import { expect, it } from "@jest/globals";
import { Loop, READ } from "@polyloop/loop-core";
import { closeAll, pty } from "@polyloop/sys/testing";
import { iouring } from "../src/index.js";

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

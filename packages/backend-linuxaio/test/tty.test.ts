import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { Loop, READ, WRITE, describeEvents } from "@polyloop/loop-core";
import { closeAll, drain, pty, send } from "@polyloop/sys/testing";
import { linuxaio } from "../src/index.js";

// What Linux AIO refuses for real: a terminal has two wait queues.
describe("a terminal without input, which the kernel refuses with EINVAL", () => {
  let loop: Loop;
  let master: number;
  let slave: number;
  let open: Set<number>;
  let told: string[];

  beforeEach(() => {
    loop = new Loop({ backend: linuxaio(), strict: true });
    [master, slave] = pty();
    open = new Set([master, slave]);
    told = [];
  });
  afterEach(() => {
    loop.close();
    closeAll(...open);
  });

  const watch = (fd: number, interest: number) =>
    loop.io(fd, interest, (watcher, events) => void told.push(`${String(watcher.fd)} ${describeEvents(events)}`));

  /** Turns until something is told, or a second has passed. */
  function wait(): string[] {
    told.length = 0;
    const limit = loop.timer(1000, () => {});
    while (told.length === 0 && limit.active) loop.run("once");
    limit.stop();
    return told;
  }

  it("is watched all the same, at both ends", () => {
    watch(master, READ);
    watch(slave, READ);
    expect(wait()).toEqual([]);
    send(master);
    // A terminal gives its line to the reader when it ends, and echoes what was typed.
    expect(wait()).toContain(`${String(master)} READ`);
    expect(loop.backend.name).toBe("linuxaio");
  });

  it("is level-triggered, and silent once drained", () => {
    watch(master, READ);
    send(slave);
    expect(wait()).toEqual([`${String(master)} READ`]);
    expect(wait()).toEqual([`${String(master)} READ`]);
    drain(master);
    expect(wait()).toEqual([]);
  });

  it("can be changed to what is not refused, and back", () => {
    const watcher = watch(master, READ);
    expect(wait()).toEqual([]);
    watcher.modify(READ | WRITE);
    expect(wait()).toEqual([`${String(master)} WRITE`]);
    watcher.modify(READ);
    expect(wait()).toEqual([]);
    send(slave);
    expect(wait()).toEqual([`${String(master)} READ`]);
  });

  it("tells of the hang-up", () => {
    watch(master, READ);
    expect(wait()).toEqual([]);
    closeAll(slave);
    open.delete(slave);
    expect(wait()).toEqual([`${String(master)} READ|HANGUP`]);
  });
});

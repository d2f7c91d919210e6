import { openSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { describeEvents, FAILED, READ, WRITE } from "@polyloop/loop-core";
import * as sys from "@polyloop/sys";
import { closeAll, pipe, send } from "@polyloop/sys/testing";
import { type OnEpoll, onEpoll } from "./on-epoll.js";

let loop: OnEpoll["loop"];
let watch: OnEpoll["watch"];
let turns: OnEpoll["turns"];
beforeEach(() => {
  ({ loop, watch, turns } = onEpoll());
});
afterEach(() => {
  loop.verify();
  loop.close();
});

describe("promise 17: what happens when a program errs, on epoll", () => {
  it("a number that is not open fails at the next turn with EBADF", () => {
    const seen: string[] = [];
    const watcher = watch(sys.descriptorLimit() - 1, READ, seen);
    expect(loop.run()).toBe(false);
    expect(seen).toEqual([describeEvents(FAILED | READ | WRITE)]);
    expect(watcher.error?.code).toBe("EBADF");
    expect(watcher.active).toBe(false);
  });

  it("closed while watched: EBADF when the loop next touches it, called once", () => {
    const [reader, writer] = pipe();
    const seen: string[] = [];
    const watcher = watch(reader, READ, seen);
    turns(1);
    sys.close(reader);
    watcher.modify(READ | WRITE);
    turns(3);
    expect(seen).toEqual([describeEvents(FAILED | READ | WRITE)]);
    expect(watcher.error?.code).toBe("EBADF");
    closeAll(writer);
  });

  it("an O_PATH descriptor and an epoll set in itself fail alone", () => {
    const [reader, writer] = pipe();
    const path = openSync("/", 0o10000000);
    const seen: string[] = [];
    watch(reader, READ, seen, "good ");
    const bad = watch(path, READ, seen, "bad ");
    send(writer);
    turns(1);
    expect(seen.sort()).toEqual(["bad READ|WRITE|FAILED", "good READ"]);
    expect(bad.error?.code).toBe("EBADF");
    loop.close();
    closeAll(reader, writer, path);
  });

  it("closed and the number reused before the next turn: the new watcher gets nothing of the old file", () => {
    const [reader, writer] = pipe();
    const seen: string[] = [];
    const old = watch(reader, READ, seen, "old ");
    send(writer);
    loop.check((self) => {
      self.stop();
      // Both happened: the event of the old file is pending and the number is given to a new one.
      old.stop();
      sys.close(reader);
      const [newReader, newWriter] = pipe();
      expect(newReader).toBe(reader);
      watch(newReader, READ, seen, "new ");
      closing.push(newReader, newWriter);
    });
    const closing = [writer];
    turns(3);
    expect(seen).toEqual([]);
    send(closing[2] as number);
    turns(1);
    expect(seen).toEqual(["new READ"]);
    loop.close();
    closeAll(...closing);
  });

  it("also when a dup keeps the old file alive and ready", () => {
    const [reader, writer] = pipe();
    const seen: string[] = [];
    const old = watch(reader, READ, seen, "old ");
    turns(1);
    const copy = sys.dup(reader);
    old.stop();
    sys.close(reader);
    const [newReader, newWriter] = pipe();
    expect(newReader).toBe(reader);
    watch(newReader, READ, seen, "new ");
    send(writer);
    turns(3);
    expect(seen).toEqual([]);
    send(newWriter);
    turns(1);
    expect(seen).toEqual(["new READ"]);
    loop.close();
    closeAll(newReader, newWriter, copy, writer);
  });

  it("a watcher that was never stopped gets the events of the new file once it is set to it", () => {
    const [reader, writer] = pipe();
    const seen: string[] = [];
    const watcher = watch(reader, READ, seen);
    turns(1);
    sys.close(reader);
    const [newReader, newWriter] = pipe();
    expect(newReader).toBe(reader);
    watcher.set(newReader, READ);
    send(newWriter);
    turns(1);
    expect(seen).toEqual(["READ"]);
    loop.close();
    closeAll(newReader, newWriter, writer);
  });

  it("ghosts of a dup do not spin the loop", () => {
    const [reader, writer] = pipe();
    const watcher = loop.io(reader, READ, () => {});
    turns(1);
    const copy = sys.dup(reader);
    watcher.stop();
    sys.close(reader);
    send(writer);
    loop.timer(50, () => {});
    loop.run();
    expect(loop.iteration).toBeLessThan(10);
    closeAll(copy, writer);
  });
});

describe("promise 20: no descriptor ends the loop", () => {
  it("good or bad, whatever the number", () => {
    const limit = sys.descriptorLimit();
    const [reader, writer] = pipe();
    const seen: string[] = [];
    for (const fd of [0, 1, 2, limit - 1, limit - 2]) loop.io(fd, READ, (watcher) => watcher.stop(), { ref: false });
    watch(reader, READ, seen);
    send(writer);
    turns(2);
    expect(seen).toEqual(["READ", "READ"]);
    loop.close();
    closeAll(reader, writer);
  });
});

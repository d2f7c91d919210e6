import { openSync } from "node:fs";
import { tmpdir } from "node:os";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { describeEvents, ERROR, FAILED, HANGUP, PRIORITY, READ, WRITE } from "@polyloop/loop-core";
import * as sys from "@polyloop/sys";
import { closeAll, drain, fill, pipe, pty, send, streamPair, tcpPair } from "@polyloop/sys/testing";
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

describe("promise 15: readiness on epoll", () => {
  it("level-triggered: the callback runs every turn until the data is drained", () => {
    const [reader, writer] = pipe();
    const seen: string[] = [];
    watch(reader, READ, seen);
    send(writer);
    turns(3);
    expect(seen).toEqual(["READ", "READ", "READ"]);
    drain(reader);
    turns(2);
    expect(seen).toHaveLength(3);
    loop.close();
    closeAll(reader, writer);
  });

  it("edge: the callback runs once for each arrival", () => {
    const [reader, writer] = pipe();
    let called = 0;
    loop.io(reader, READ, () => called++, { edge: true });
    send(writer);
    turns(3);
    expect(called).toBe(1);
    send(writer);
    turns(3);
    expect(called).toBe(2);
    loop.close();
    closeAll(reader, writer);
  });
});

describe("promise 15: edges that fall between two changes", () => {
  it("a watcher that pauses and resumes in one turn hears of what is there", () => {
    const [reader, writer] = pipe();
    let called = 0;
    const watcher = loop.io(reader, READ, () => called++, { edge: true });
    turns(1);
    send(writer);
    loop.check((self) => {
      self.stop();
      watcher.modify(0);
      watcher.modify(READ);
    });
    turns(3);
    expect(called).toBe(1);
    loop.close();
    closeAll(reader, writer);
  });

  it("a regular file under the number of a pipe is always ready (promise 19)", () => {
    const [reader, writer] = pipe();
    const watcher = loop.io(reader, READ, () => {});
    turns(1);
    watcher.stop();
    sys.close(reader);
    const file = openSync("/proc/self/exe", "r");
    expect(file).toBe(reader);
    const seen: string[] = [];
    watch(file, READ, seen);
    turns(2);
    expect(seen).toEqual(["READ", "READ"]);
    loop.close();
    closeAll(file, writer);
  });

  it("a regular file that was closed while watched fails within a few turns (promise 17)", () => {
    const file = openSync("/proc/self/exe", "r");
    const seen: string[] = [];
    const watcher = watch(file, READ, seen);
    turns(1);
    sys.close(file);
    turns(40);
    expect(seen.at(-1)).toBe(describeEvents(FAILED | READ | WRITE));
    expect(watcher.active).toBe(false);
  });
});

describe("promise 16: what each watcher gets on epoll", () => {
  it("READ and WRITE watchers of one socket get their own bits", () => {
    const [near, far] = streamPair();
    const seen: string[] = [];
    watch(near, READ, seen, "r ");
    watch(near, WRITE, seen, "w ");
    turns(1);
    expect(seen).toEqual(["w WRITE"]);
    seen.length = 0;
    fill(near);
    send(far);
    turns(1);
    expect(seen).toEqual(["r READ"]);
    loop.close();
    closeAll(near, far);
  });

  it("a hang-up counts as READ and WRITE", () => {
    const [reader, writer] = pipe();
    const seen: string[] = [];
    watch(reader, READ, seen, "r ");
    sys.close(writer);
    turns(1);
    expect(seen).toEqual([`r ${describeEvents(READ | HANGUP)}`]);
    loop.close();
    closeAll(reader);
  });

  it("the error of a broken pipe, too", () => {
    const [reader, writer] = pipe();
    const seen: string[] = [];
    fill(writer);
    watch(writer, WRITE, seen);
    turns(1);
    expect(seen).toEqual([]);
    sys.close(reader);
    turns(1);
    expect(seen).toEqual([describeEvents(WRITE | ERROR)]);
    loop.close();
    closeAll(writer);
  });

  it("a socket whose peer shut down its sending side is readable, and one that waits for WRITE on it does not spin", () => {
    const [near, far] = streamPair();
    fill(near);
    let called = 0;
    loop.io(near, WRITE, () => called++);
    sys.shutdown(far, "write");
    loop.timer(30, () => {
      loop.break();
    });
    loop.run();
    expect(called).toBe(0);
    expect(loop.iteration).toBeLessThan(10);
    const seen: string[] = [];
    watch(near, READ, seen);
    turns(1);
    expect(seen).toEqual(["READ"]);
    loop.close();
    closeAll(near, far);
  });

  it("PRIORITY is TCP's urgent data", () => {
    const [near, far] = tcpPair();
    const seen: string[] = [];
    watch(near, PRIORITY, seen);
    turns(1);
    expect(seen).toEqual([]);
    expect(sys.sendUrgent(far, 42)).toBe(1);
    loop.run("once");
    expect(seen).toEqual(["PRIORITY"]);
    loop.close();
    closeAll(near, far);
  });

  it("a PRIORITY watcher does not spin when the connection is reset", () => {
    const [near, far] = tcpPair();
    loop.io(near, PRIORITY, () => {});
    turns(1);
    sys.close(far);
    send(near);
    loop.timer(50, () => {
      loop.break();
    });
    loop.run();
    expect(loop.iteration).toBeLessThan(10);
    loop.close();
    closeAll(near);
  });

  it("a terminal that waits for input is watched like anything else", () => {
    const [master, slave] = pty();
    const seen: string[] = [];
    watch(slave, READ, seen);
    turns(2);
    expect(seen).toEqual([]);
    sys.write(master, new TextEncoder().encode("line\n"));
    loop.run("once");
    expect(seen).toEqual(["READ"]);
    loop.close();
    closeAll(master, slave);
  });
});

describe("promise 18: stop, then close", () => {
  it.each([
    ["a pipe", pipe],
    ["a socket", streamPair],
    ["a TCP connection", tcpPair],
  ])("of %s: the peer sees the end of the stream no later than the next turn", (_name, make) => {
    const [near, far] = make();
    const watcher = loop.io(near, READ, () => {});
    turns(1);
    watcher.stop();
    sys.close(near);
    turns(1);
    const answer = new Int32Array([far, 1 | 4, 0]);
    expect(sys.poll(answer, 5000)).toBe(1);
    expect((answer[2] as number) & (1 | 8 | 16)).not.toBe(0);
    closeAll(far);
  });
});

describe("promise 19: always-ready descriptors on epoll", () => {
  it.each(["/proc/self/exe", tmpdir(), "/dev/null", "/dev/zero"])("%s is ready every turn", (path) => {
    const fd = openSync(path, "r");
    let called = 0;
    loop.io(fd, READ, (_watcher, events) => {
      called++;
      expect(events).toBe(READ);
    });
    for (let turn = 0; turn < 4; turn++) loop.run("once");
    expect(called).toBe(4);
    loop.close();
    closeAll(fd);
  });
});

describe("promise 21: many descriptors", () => {
  it("watches as many as the process may have, finds the one that is ready, and costs little each", () => {
    const count = Math.min(sys.descriptorLimit() - 200, 15_000) >> 1;
    const pipes = Array.from({ length: count }, pipe);
    const ready: number[] = [];
    for (const [reader] of pipes) {
      loop.io(reader, READ, (watcher) => {
        ready.push(watcher.fd);
        drain(watcher.fd);
      });
    }
    turns(1);
    expect(ready).toEqual([]);
    for (const index of [0, count >> 1, count - 1]) send(pipes[index]?.[1] as number);
    turns(1);
    expect(ready.sort((a, b) => a - b)).toEqual(
      [0, count >> 1, count - 1].map((index) => pipes[index]?.[0]).sort((a = 0, b = 0) => a - b),
    );
    for (const [, writer] of pipes) send(writer);
    ready.length = 0;
    while (ready.length < count) loop.run("nowait");
    expect(new Set(ready).size).toBe(count);
    loop.close();
    for (const both of pipes) closeAll(...both);
  });
});

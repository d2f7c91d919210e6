import { readdirSync, readlinkSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { type BackendFactory, DescriptorMap, type IoWatcher, Loop, READ, type Sink, WRITE } from "@polyloop/loop-core";
import * as sys from "@polyloop/sys";
import { closeAll, drain, fill, pipe, send, streamPair } from "@polyloop/sys/testing";
import { IoUringBackend } from "../src/backend.js";
import { iouring } from "../src/index.js";
import { nativePort } from "../src/native.js";

// The bugs of libev 4.33's io_uring backend as they were seen on Linux 6.18, on the same kernel with this backend. What no
// file here answers (6: EINVAL; 7: EAGAIN, EBUSY) is in polls.test.ts, on the fake kernel.
describe("what libev's io_uring backend does wrong", () => {
  let loop: Loop;
  const opened: number[] = [];
  const track = (ends: readonly [number, number]): readonly [number, number] => {
    opened.push(...ends);
    return ends;
  };
  beforeEach(() => {
    loop = new Loop({ backend: iouring(), strict: true });
  });
  afterEach(() => {
    loop.close();
    closeAll(...opened.splice(0));
  });

  it("1: a removal in the place of a poll is refused and stops the batch: eight bytes, one callback", () => {
    const [reader, writer] = track(pipe());
    const byte = new Uint8Array(1);
    for (let count = 0; count < 8; count++) send(writer);
    let calls = 0;
    loop.io(reader, READ, () => {
      calls++;
      sys.read(reader, byte, 0, 1);
    });
    const others = Array.from({ length: 300 }, () => loop.io(track(pipe())[0], READ, () => {}));
    for (let turn = 0; turn < 8; turn++) {
      for (const other of others) {
        if ((turn & 1) === 0) other.stop();
        else other.start();
      }
      loop.run("nowait");
    }
    expect(calls).toBe(8);
  });

  it("2: waiting for room in a full socket whose peer sends no more takes all of the processor", () => {
    const [near, far] = track(streamPair());
    fill(near);
    sys.shutdown(far, "write");
    let calls = 0;
    loop.io(near, WRITE, () => calls++);
    loop.timer(300, () => {
      loop.break();
    });
    const before = loop.iteration;
    loop.run();
    expect(calls).toBe(0);
    expect(loop.iteration - before).toBeLessThan(10);
    drain(far);
    loop.run("once");
    expect(calls).toBe(1);
  });

  it("3: after a fork the loop never ends", () => {
    const [reader, writer] = track(pipe());
    const watcher = loop.io(reader, READ, () => {
      watcher.stop();
    });
    loop.run("nowait");
    loop.recreate();
    send(writer);
    expect(loop.run()).toBe(false);
  });

  it("4: of more answers than there are places some come only when it waits", () => {
    const small: BackendFactory = {
      name: "iouring",
      probe: () => ({ ok: true, features: [] }),
      create: (context) => new IoUringBackend(context, { ...nativePort, open: () => nativePort.open(16, 64) }),
    };
    const crowded = new Loop({ backend: small, strict: true });
    const told = new Set<number>();
    const watchers: IoWatcher[] = Array.from({ length: 3000 }, () => {
      const [reader, writer] = track(pipe());
      send(writer);
      return crowded.io(reader, READ, () => told.add(reader));
    });
    crowded.run("nowait");
    expect(told.size).toBe(watchers.length);
    expect(crowded.backend.name).toBe("iouring");
    crowded.close();
  });

  it("5: it says that it can be embedded, and its descriptor is -1", () => {
    const inner = new IoUringBackend({ generations: new DescriptorMap() }, nativePort);
    const [reader, writer] = track(pipe());
    inner.modify(reader, 0, READ);
    inner.flush();
    const told: number[] = [];
    const sink: Sink = { ready: (fd) => void told.push(fd), failed: () => {}, rearm: () => {} };
    loop.io(inner.fd, READ, () => {
      inner.poll(0, sink);
      loop.break();
    });
    loop.timer(10, () => {
      send(writer);
    });
    loop.run();
    expect(told).toEqual([reader]);
    inner.close();
  });

  it("8: a timer that was stopped wakes it all the same, and timers take a descriptor", () => {
    loop.timer(20, () => {}).stop();
    let calls = 0;
    loop.timer(100, () => calls++);
    const before = loop.iteration;
    loop.run();
    expect(calls).toBe(1);
    expect(loop.iteration - before).toBeLessThanOrEqual(2);
    expect(ownTimerfds()).toBe(0);
  });

  it("9: its queues grow by beginning anew from a size that nobody checks, and have one size", () => {
    const ring = nativePort.open(16, 4096);
    expect([ring.error, ring.room]).toEqual([0, 4096]);
    ring.close();
    const huge = nativePort.open(1 << 20, 1 << 24);
    expect([huge.error, huge.room]).toEqual([0, 65536]);
    huge.close();
  });

  it("10: what is stopped and closed in one turn is closed only after the next change", () => {
    const [reader, writer] = track(pipe());
    const watcher = loop.io(reader, READ, () => {});
    loop.run("nowait");
    watcher.stop();
    sys.close(reader);
    loop.run("nowait");
    const answer = new Int32Array([writer, 4, 0]);
    sys.poll(answer, 0);
    // POLLERR: nobody reads any more.
    expect((answer[2] as number) & 8).toBe(8);
  });
});

function ownTimerfds(): number {
  return readdirSync("/proc/self/fd").filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).includes("timerfd");
    } catch {
      return false;
    }
  }).length;
}

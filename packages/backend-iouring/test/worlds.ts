import { Delegate } from "@polyloop/backend-epoll/delegate";
import { HUP, IN, OUT } from "@polyloop/backend-epoll/poll-masks";
import type { FakeFile } from "@polyloop/loop-core/testing";
import * as sys from "@polyloop/sys";
import { closeAll, drain, pipe, send, streamPair } from "@polyloop/sys/testing";
import { openSync } from "node:fs";
import { portWithout } from "../src/native.js";
import type { IoUringPort } from "../src/port.js";
import { FakeKernel, type Nature } from "../testing/fake-kernel.js";

/** Descriptors to poll and the means to make something of them happen, on the fake kernel or on the real one. */
export interface World {
  readonly port: IoUringPort;
  /** The same kernel's epoll. */
  readonly delegate: Delegate;
  /** Two connected sockets, nothing to read, room to write. */
  pair(): readonly [near: number, far: number];
  pipe(): readonly [reader: number, writer: number];
  /** A descriptor of a regular file. */
  file(): number;
  /** Makes one byte readable at the other end. */
  send(fd: number): void;
  /** Reads everything there is. */
  drain(fd: number): void;
  close(fd: number): void;
  /** Whether the other end of a closed one has been told of it. */
  isHungUp(fd: number): boolean;
  /** A number that is not open. */
  closedNumber(): number;
  /** Whether poll(2) calls a descriptor readable. */
  isReadable(fd: number): boolean;
  /** Closes what is still open. */
  end(): void;
}

/** The kernel this runs on, as if it did not know some features. */
export function realWorld(without = 0): World {
  const open = new Set<number>();
  const track = (ends: readonly [number, number]): readonly [number, number] => {
    for (const fd of ends) open.add(fd);
    return ends;
  };
  const state = (fd: number): number => {
    const question = new Int32Array([fd, IN, 0]);
    sys.poll(question, 0);
    return question[2] as number;
  };
  return {
    port: portWithout(without),
    delegate: new Delegate(),
    pair: () => track(streamPair()),
    pipe: () => track(pipe()),
    file() {
      const fd = openSync("/proc/self/exe", "r");
      open.add(fd);
      return fd;
    },
    send,
    drain: (fd) => void drain(fd),
    close(fd) {
      open.delete(fd);
      sys.close(fd);
    },
    isHungUp: (fd) => (state(fd) & HUP) !== 0,
    closedNumber: () => sys.descriptorLimit() - 1,
    isReadable: (fd) => (state(fd) & IN) !== 0,
    end() {
      closeAll(...open);
      open.clear();
    },
  };
}

/** The fake kernel, as if it did not know some features. */
export function fakeWorld(without = 0): World {
  const kernel = new FakeKernel();
  kernel.features &= ~without;
  const { descriptors } = kernel;
  const peers = new Map<number, FakeFile>();
  const create = (bits: number, nature?: Nature): number => {
    const fd = descriptors.create();
    const file = descriptors.file(fd);
    file.ready = bits;
    if (nature !== undefined) kernel.natures.set(file, nature);
    return fd;
  };
  const connect = (near: number, far: number): readonly [number, number] => {
    const ends = [descriptors.file(near), descriptors.file(far)] as const;
    peers.set(near, ends[1]).set(far, ends[0]);
    descriptors.onGone.add((file) => {
      if (file === ends[0]) ends[1].raise(IN | HUP);
      if (file === ends[1]) ends[0].raise(IN | HUP);
    });
    return [near, far];
  };
  return {
    port: kernel,
    delegate: new Delegate(kernel.epoll),
    pair: () => connect(create(OUT, "socket"), create(OUT, "socket")),
    pipe: () => connect(create(0), create(OUT)),
    file: () => descriptors.create(false),
    send: (fd) => peers.get(fd)?.raise(IN),
    drain(fd) {
      descriptors.file(fd).lower(IN);
    },
    close(fd) {
      descriptors.close(fd);
    },
    isHungUp: (fd) => (descriptors.file(fd).ready & HUP) !== 0,
    closedNumber: () => 1_000_000,
    isReadable: (fd) => kernel.isReadable(fd),
    end: () => {},
  };
}

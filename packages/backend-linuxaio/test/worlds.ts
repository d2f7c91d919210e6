import { readFileSync } from "node:fs";
import * as sys from "@polyloop/sys";
import { HUP, IN, OUT } from "@polyloop/backend-epoll/poll-masks";
import type { FakeFile } from "@polyloop/loop-core/testing";
import { closeAll, drain, pipe, pty, streamPair } from "@polyloop/sys/testing";
import { portTo } from "../src/native.js";
import type { AioPort } from "../src/port.js";
import { FakeKernel, type Nature } from "../testing/fake-kernel.js";

/** Descriptors to poll and the means to make something of them happen, on the fake kernel or on the real one. */
export interface World {
  readonly port: AioPort;
  /** Two connected sockets, nothing to read, room to write. */
  pair(): readonly [near: number, far: number];
  pipe(): readonly [reader: number, writer: number];
  /** A terminal with nothing to read, and where somebody types. */
  terminal(): readonly [terminal: number, keyboard: number];
  /** A signalfd without a signal; undefined where none can be made. */
  signalfd(): number | undefined;
  /** Makes one byte readable at the other end. */
  send(fd: number): void;
  /** Reads everything there is. */
  drain(fd: number): void;
  close(fd: number): void;
  /** A number that is not open. */
  closedNumber(): number;
  /** Whether poll(2) calls a descriptor readable. */
  isReadable(fd: number): boolean;
  /** fs.aio-nr: what all contexts of the system were asked for. */
  charged(): number;
  /** Closes what is still open. */
  end(): void;
}

/** The kernel this runs on. */
export function realWorld(options: Parameters<typeof portTo>[0] = { readsRing: true }): World {
  const open = new Set<number>();
  const track = (ends: readonly [number, number]): readonly [number, number] => {
    for (const fd of ends) open.add(fd);
    return ends;
  };
  return {
    port: portTo(options),
    pair: () => track(streamPair()),
    pipe: () => track(pipe()),
    terminal() {
      const [keyboard, terminal] = track(pty());
      return [terminal, keyboard];
    },
    signalfd: () => undefined,
    // To a terminal it is the end of a line.
    send: (fd) => void sys.write(fd, new TextEncoder().encode("\n")),
    drain: (fd) => void drain(fd),
    close(fd) {
      open.delete(fd);
      sys.close(fd);
    },
    closedNumber: () => sys.descriptorLimit() - 1,
    isReadable: (fd) => sys.poll(new Int32Array([fd, IN, 0]), 0) === 1,
    charged: () => Number(readFileSync("/proc/sys/fs/aio-nr", "utf8")),
    end() {
      closeAll(...open);
      open.clear();
    },
  };
}

/** The fake kernel. */
export function fakeWorld(): World {
  const kernel = new FakeKernel();
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
    peers.set(near, descriptors.file(far)).set(far, descriptors.file(near));
    return [near, far];
  };
  return {
    port: kernel,
    pair: () => connect(create(OUT, "socket"), create(OUT, "socket")),
    pipe: () => connect(create(0), create(OUT)),
    terminal: () => connect(create(OUT, "terminal"), create(OUT, "terminal")),
    signalfd: () => create(0, "signalfd"),
    send: (fd) => peers.get(fd)?.raise(IN),
    drain(fd) {
      descriptors.file(fd).lower(IN);
    },
    close(fd) {
      descriptors.close(fd);
      peers.get(fd)?.raise(HUP);
    },
    closedNumber: () => 1_000_000,
    isReadable: (fd) => kernel.isReadable(fd),
    charged() {
      kernel.catchUp();
      return kernel.charged;
    },
    end: () => {},
  };
}

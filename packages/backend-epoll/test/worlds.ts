import { openSync } from "node:fs";
import * as sys from "@polyloop/sys";
import { nativePort } from "../src/native.js";
import { IN, OUT } from "../src/poll-masks.js";
import { type EpollPort } from "../src/port.js";
import type { FakeFile } from "@polyloop/loop-core/testing";
import { FakeKernel } from "../testing/fake-kernel.js";

/** Descriptors to watch and the means to make something of them happen, on the fake kernel or on the real one. */
export interface World {
  readonly name: string;
  readonly port: EpollPort;
  /** Two connected stream ends, nothing to read, room to write. */
  pair(): readonly [near: number, far: number];
  /** Makes one byte readable at the other end. */
  send(fd: number): void;
  /** Reads everything there is. */
  drain(fd: number): void;
  /** A descriptor of a regular file. */
  file(): number;
  dup(fd: number, to?: number): number;
  close(fd: number): void;
  /** A number that is not open. */
  closedNumber(): number;
  /** Closes what is still open. */
  end(): void;
}

/** The kernel this runs on. */
export function realWorld(): World {
  const open = new Set<number>();
  const track = (fd: number): number => {
    if (fd < 0) throw new Error(sys.errnoName(fd));
    open.add(fd);
    return fd;
  };
  const buffer = new Uint8Array(4096);
  return {
    name: "the kernel",
    port: nativePort,
    pair() {
      const out = new Int32Array(2);
      if (sys.socketpair(out, "stream") < 0) throw new Error("socketpair failed");
      return [track(out[0] as number), track(out[1] as number)];
    },
    send: (fd) => void sys.write(fd, buffer, 0, 1),
    drain(fd) {
      while (sys.read(fd, buffer) > 0);
    },
    file: () => track(openSync("/proc/self/exe", "r")),
    dup(fd, to) {
      const copy = sys.dup(fd);
      if (to !== undefined && copy !== to) throw new Error(`dup gave ${String(copy)} and not ${String(to)}`);
      return track(copy);
    },
    close(fd) {
      open.delete(fd);
      sys.close(fd);
    },
    closedNumber: () => sys.descriptorLimit() - 1,
    end() {
      for (const fd of open) sys.close(fd);
      open.clear();
    },
  };
}

/** The fake kernel. */
export function fakeWorld(kernel = new FakeKernel()): World & { readonly kernel: FakeKernel } {
  const peers = new Map<number, FakeFile>();
  return {
    name: "the fake kernel",
    kernel,
    port: kernel,
    pair() {
      const near = kernel.descriptors.create();
      const far = kernel.descriptors.create();
      for (const fd of [near, far]) kernel.descriptors.file(fd).ready = OUT;
      peers.set(near, kernel.descriptors.file(far)).set(far, kernel.descriptors.file(near));
      return [near, far];
    },
    send(fd) {
      peers.get(fd)?.raise(IN);
    },
    drain(fd) {
      kernel.descriptors.file(fd).lower(IN);
    },
    file: () => kernel.descriptors.create(false),
    dup: (fd, to) => kernel.descriptors.dup(fd, to),
    close(fd) {
      kernel.descriptors.close(fd);
    },
    closedNumber: () => 1_000_000,
    end: () => {},
  };
}

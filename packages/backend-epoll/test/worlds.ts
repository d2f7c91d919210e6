import { openSync } from "node:fs";
import * as sys from "@polyloop/sys";
import { nativePort } from "../src/native.js";
import { type EpollPort, IN, OUT } from "../src/port.js";
import { type FakeFile, FakeKernel } from "../testing/fake-kernel.js";

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
      const near = kernel.create();
      const far = kernel.create();
      for (const fd of [near, far]) kernel.file(fd).ready = OUT;
      peers.set(near, kernel.file(far)).set(far, kernel.file(near));
      return [near, far];
    },
    send(fd) {
      peers.get(fd)?.raise(IN);
    },
    drain(fd) {
      kernel.file(fd).lower(IN);
    },
    file: () => kernel.create(false),
    dup: (fd, to) => kernel.dup(fd, to),
    close(fd) {
      kernel.close(fd);
    },
    closedNumber: () => 1_000_000,
    end: () => {},
  };
}

import { Delegate } from "@polyloop/backend-epoll/delegate";
import { type BackendContext, DescriptorMap, describeEvents, type Interest, type Sink } from "@polyloop/loop-core";
import { IoUringBackend } from "../src/backend.js";
import { type FakeCall, FakeKernel, type FakeRing, type Nature } from "../testing/fake-kernel.js";

/** The state machine on a fake kernel, and the hands of core. */
export interface Stage {
  readonly kernel: FakeKernel;
  readonly backend: IoUringBackend;
  readonly context: BackendContext;
  /** A new descriptor, of which these bits of poll(2) are true; the lowest free number, or the one given. */
  readonly create: (bits?: number, nature?: Nature | "file", number?: number) => number;
  /** Something happened: these bits are true now. */
  readonly raise: (fd: number, bits: number) => void;
  /** These are not true any more. */
  readonly lower: (fd: number, bits: number) => void;
  /** Says what is wanted of a descriptor, as core does: with what it said last. */
  readonly want: (fd: number, interest: Interest) => void;
  /** One poll, and what it reported, sorted: `"7 READ|HANGUP"`, `"8 failed 9"`. */
  readonly look: (timeout?: number) => string[];
  /** The ring in use. */
  readonly ring: () => FakeRing;
  /** How often a system call was made. */
  readonly calls: (name: FakeCall) => number;
}

/** Sets up a new one. */
export function stage(): Stage {
  const kernel = new FakeKernel();
  const context: BackendContext = { generations: new DescriptorMap(), stamp: new Float64Array(2) };
  const backend = new IoUringBackend(context, kernel, new Delegate(kernel.epoll));
  const told = new Map<number, Interest>();
  let lines: string[] = [];
  const sink: Sink = {
    ready: (fd, events) => void lines.push(`${String(fd)} ${describeEvents(events)}`),
    failed: (fd, errno) => {
      told.delete(fd);
      lines.push(`${String(fd)} failed ${String(errno)}`);
    },
    rearm: (fd) => void lines.push(`${String(fd)} rearm`),
  };
  const look: Stage["look"] = (timeout = 0) => {
    lines = [];
    backend.poll(timeout, sink);
    return lines.sort();
  };
  return {
    kernel,
    backend,
    context,
    look,
    create(bits = 0, nature, number) {
      const fd = kernel.descriptors.create(nature !== "file", number);
      const file = kernel.descriptors.file(fd);
      file.ready = bits;
      if (nature !== undefined && nature !== "file") kernel.natures.set(file, nature);
      return fd;
    },
    raise(fd, bits) {
      kernel.descriptors.file(fd).raise(bits);
    },
    lower(fd, bits) {
      kernel.descriptors.file(fd).lower(bits);
    },
    want(fd, interest) {
      backend.modify(fd, told.get(fd) ?? 0, interest);
      told.set(fd, interest);
    },
    ring: () => kernel.rings.at(-1) as FakeRing,
    calls: (name) => kernel.calls.get(name) ?? 0,
  };
}

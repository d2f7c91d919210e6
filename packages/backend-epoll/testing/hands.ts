import {
  type Backend,
  type BackendContext,
  DescriptorMap,
  describeEvents,
  type Interest,
  type Sink,
} from "@polyloop/loop-core";

/** What core does to a backend, by hand. */
export interface Hands {
  readonly sink: Sink;
  /** Says what is wanted of a descriptor, as core does: with what it said last. */
  readonly want: (fd: number, interest: Interest) => void;
  /** One poll, and what it reported, sorted: `"7 READ|HANGUP"`, `"8 failed 9"`. */
  readonly look: (timeout?: number) => string[];
}

/** What core gives to a backend that it makes. */
export function newContext(): BackendContext {
  return { generations: new DescriptorMap(), stamp: new Float64Array(2) };
}

/** The hands that a backend is in. */
export function hands(backend: Backend): Hands {
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
  return {
    sink,
    want(fd, interest) {
      backend.modify(fd, told.get(fd) ?? 0, interest);
      told.set(fd, interest);
    },
    look(timeout = 0) {
      lines = [];
      backend.poll(timeout, sink);
      return lines.sort();
    },
  };
}

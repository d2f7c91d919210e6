import { epoll } from "@polyloop/backend-epoll";
import { describeEvents, type Interest, type IoWatcher, Loop } from "@polyloop/loop-core";

/** A loop on the kernel's epoll, and what tests do with it. */
export interface OnEpoll {
  readonly loop: Loop;
  /** Watches and writes down what came. */
  readonly watch: (fd: number, interest: Interest, seen: string[], name?: string) => IoWatcher;
  /** Turns that do not wait. */
  readonly turns: (count: number) => void;
}

/** Makes a new one. */
export function onEpoll(): OnEpoll {
  const loop = new Loop({ backend: epoll() });
  return {
    loop,
    watch: (fd, interest, seen, name = "") =>
      loop.io(fd, interest, (_watcher, events) => seen.push(`${name}${describeEvents(events)}`)),
    turns(count) {
      for (let turn = 0; turn < count; turn++) loop.run("nowait");
    },
  };
}

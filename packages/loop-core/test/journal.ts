import type { Events, Watcher } from "@polyloop/loop-core";

/** A place to write down what ran, in order. */
export function journal(): {
  readonly lines: string[];
  readonly note: (name: string) => (watcher: Watcher, events: Events) => void;
} {
  const lines: string[] = [];
  return { lines, note: (name) => () => lines.push(name) };
}

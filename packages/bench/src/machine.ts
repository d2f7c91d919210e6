import { cpus, loadavg, release } from "node:os";

/** What a figure was measured on. */
export interface Machine {
  readonly kernel: string;
  readonly cpu: string;
  readonly cpus: number;
  readonly node: string;
  /** Processes that wanted to run during the last minute, before the measurement. */
  readonly load: number;
}

export function describeMachine(): Machine {
  const list = cpus();
  return {
    kernel: release(),
    cpu: list[0]?.model.trim() ?? process.arch,
    cpus: list.length,
    node: process.versions.node,
    load: loadavg()[0] ?? 0,
  };
}

import { join } from "node:path";
import { compile } from "./compile.js";
import { BenchError } from "./errors.js";
import { installedBackends, packageRoot } from "./package-root.js";
import { type Peer, peers, REFERENCE, sourceDirectory } from "./peers.js";
import type { Workload } from "./workload.js";

/** A program and its first arguments. */
export type Command = readonly [file: string, ...args: string[]];

/** One of those that are compared: a library, or Polyloop, on a kernel interface. */
export interface Side {
  /** Such as "libev-epoll". */
  readonly name: string;
  readonly about: string;
  readonly backend: string;
  /** Its watchers are edge-triggered. */
  readonly edge?: boolean;
  /** What to do when its library was built without the backend. */
  readonly remedy?: string;
  /** What to run for a round; builds it if need be. Throws a BenchError with the remedy when that is not possible. */
  command(workload: Workload): Command;
}

/** Polyloop's program for a round, to be given to Node. */
export const CHILD = join(packageRoot, "dist", "src", "child.js");

/** Every side there is for a workload, the C peers first. */
export function allSides(workload: Workload, backends: readonly string[] = installedBackends()): readonly Side[] {
  const able = peers.filter((peer) => workload.peers.includes(peer.name));
  const edges = workload.hasEdges === true ? [false, true] : [false];
  return [...able.flatMap(peerSides), ...edges.flatMap((edge) => backends.map((name) => polyloopSide(name, edge)))];
}

function peerSides(peer: Peer): Side[] {
  const directory = sourceDirectory(peer);
  const about = directory === undefined ? peer.about : `${peer.about}, built from ${directory}`;
  const remedy =
    peer.source === undefined
      ? {}
      : { remedy: `let ${peer.source.variable} name the directory of its source, see packages/bench/README.md` };
  return peer.backends.map((backend) => ({
    name: `${peer.name}-${backend}`,
    about,
    backend,
    ...remedy,
    command: (workload) => [compile(workload.name, peer)],
  }));
}

function polyloopSide(backend: string, edge: boolean): Side {
  return {
    name: `polyloop-${backend}${edge ? "-edge" : ""}`,
    about: `Polyloop in TypeScript${edge ? ", edge-triggered" : ""}`,
    backend,
    edge,
    command: (workload) => [process.execPath, CHILD, workload.name],
  };
}

/**
 * The sides that were asked for by name; if none were, Polyloop on each of its backends and the peers on the same ones, all
 * level-triggered.
 */
export function chooseSides(all: readonly Side[], names: readonly string[]): readonly Side[] {
  if (names.length === 0) {
    const backends = new Set(all.filter(({ name }) => name.startsWith("polyloop-")).map(({ backend }) => backend));
    return all.filter(({ backend, edge }) => backends.has(backend) && edge !== true);
  }
  return [...new Set(names)].map((name) => {
    const side = all.find((candidate) => candidate.name === name);
    if (side !== undefined) return side;
    throw new BenchError(`there is no side "${name}"`, `Choose of ${all.map((known) => known.name).join(", ")}`);
  });
}

/**
 * What a side is compared with: what was asked for, or libev on the same backend, or else on epoll libev or, where that does
 * not take part, Polyloop.
 */
export function baselineOf(side: Side, names: readonly string[], wanted: string | undefined): string | undefined {
  return [wanted, `${REFERENCE}-${side.backend}`, `${REFERENCE}-epoll`, "polyloop-epoll"].find(
    (name) => name !== undefined && names.includes(name),
  );
}

import { resolve } from "node:path";

/** A loop written in C. What it does in a workload is `peers/<workload>.c`, compiled with its header as LOOP. */
export interface Peer {
  readonly name: string;
  readonly about: string;
  /** In peers/. */
  readonly header: string;
  /** Arguments for the linker. */
  readonly libraries: readonly string[];
  /** Kernel interfaces it can use, by the names of Polyloop's backends. */
  readonly backends: readonly string[];
  /** What the compiler complains about when the library is not installed. */
  readonly missing: RegExp;
  /** The command that installs it. */
  readonly install: string;
  /** Where else to take the library from, if the installed one is not all there is. */
  readonly source?: LibrarySource;
}

/** The source of a library, which is compiled along with the program instead of linking what is installed. */
export interface LibrarySource {
  /** The environment variable that names its directory. */
  readonly variable: string;
  /** Files by which the directory is known to be the right one. */
  readonly files: readonly string[];
  /** In peers/: the file that includes it and says how it is configured. */
  readonly unit: string;
}

export const peers: readonly Peer[] = [
  {
    name: "bare",
    about: "C without a library: the floor",
    header: "loop-bare.h",
    libraries: [],
    backends: ["epoll"],
    missing: /sys\/epoll\.h/,
    install: "apt-get install libc6-dev",
  },
  {
    name: "libev",
    about: "libev in C",
    header: "loop-libev.h",
    libraries: ["-lev"],
    backends: ["epoll", "linuxaio", "iouring"],
    missing: /\bev\.h: No such file|cannot find -lev\b/,
    install: "apt-get install libev-dev",
    source: { variable: "POLYLOOP_LIBEV_SOURCE", files: ["ev.c", "ev.h"], unit: "source-libev.c" },
  },
  {
    name: "libuv",
    about: "libuv in C (uv_poll)",
    header: "loop-libuv.h",
    libraries: ["-luv"],
    backends: ["epoll"],
    missing: /\buv\.h: No such file|cannot find -luv\b/,
    install: "apt-get install libuv1-dev",
  },
];

/** The directory of the library's source that the environment names, if it names one. */
export function sourceDirectory({ source }: Peer, environment: NodeJS.ProcessEnv = process.env): string | undefined {
  const given = source === undefined ? undefined : environment[source.variable];
  return given === undefined || given === "" ? undefined : resolve(given);
}

/** The peer that others are compared with, where it has the same backend. */
export const REFERENCE = "libev";

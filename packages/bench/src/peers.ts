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

/** The peer that others are compared with, where it has the same backend. */
export const REFERENCE = "libev";

import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { compile } from "../src/compile.js";
import { installedBackends } from "../src/package-root.js";
import { type Peer, peers, sourceDirectory } from "../src/peers.js";
import { allSides, baselineOf, chooseSides } from "../src/sides.js";
import { findWorkload, workloads } from "../src/workloads.js";
import { brokenCompiler, hasHeader, idleCompiler, itIf, scratch } from "./support.js";

const ring = findWorkload("ring");
const names = (backends: readonly string[], chosen: readonly string[] = []) =>
  chooseSides(allSides(ring, backends), chosen).map(({ name }) => name);

describe("the sides", () => {
  it("are, if none was asked for, Polyloop on its backends and the peers on the same ones", () => {
    expect(names(["epoll"])).toEqual(["bare-epoll", "libev-epoll", "libuv-epoll", "polyloop-epoll"]);
    expect(names(["iouring"])).toEqual(["libev-iouring", "polyloop-iouring"]);
  });

  it("are those asked for, in that order and once", () => {
    expect(names(["epoll"], ["polyloop-epoll", "libev-iouring", "polyloop-epoll"])).toEqual([
      "polyloop-epoll",
      "libev-iouring",
    ]);
  });

  it("are edge-triggered only by name, and only where a workload can be", () => {
    expect(names(["epoll"], ["polyloop-epoll-edge"])).toEqual(["polyloop-epoll-edge"]);
    const ready = allSides(findWorkload("ready"), ["epoll"]);
    expect(ready.map(({ name }) => name)).not.toContain("polyloop-epoll-edge");
  });

  it("that do not exist are an error that names those that do", () => {
    const remedy: unknown = expect.stringContaining("bare-epoll, libev-epoll");
    expect(() => names(["epoll"], ["libevent"])).toThrow(expect.objectContaining({ remedy }));
  });

  it("of Polyloop are those whose backend is a dependency", () => {
    const directory = scratch();
    const dependencies = Object.fromEntries(
      ["backend-epoll", "backend-iouring", "backend-linuxaio", "loop-core"].map((name) => [`@polyloop/${name}`, "*"]),
    );
    writeFileSync(join(directory, "package.json"), JSON.stringify({ dependencies }));
    expect(installedBackends(directory)).toEqual(["epoll", "iouring", "linuxaio"]);
    expect(names(installedBackends(directory))).toEqual([
      "bare-epoll",
      "libev-epoll",
      "libev-linuxaio",
      "libev-iouring",
      "libuv-epoll",
      "polyloop-epoll",
      "polyloop-iouring",
      "polyloop-linuxaio",
    ]);
  });

  it("are compared with libev on the same backend, or else on epoll, or with what was asked for", () => {
    const all = allSides(ring, ["epoll", "iouring"]);
    const side = chooseSides(all, ["polyloop-iouring"])[0];
    if (side === undefined) throw new Error("there is no such side");
    expect(baselineOf(side, ["libev-iouring", "libev-epoll"], undefined)).toBe("libev-iouring");
    expect(baselineOf(side, ["libev-epoll"], undefined)).toBe("libev-epoll");
    expect(baselineOf(side, ["libev-epoll", "bare-epoll"], "bare-epoll")).toBe("bare-epoll");
    expect(baselineOf(side, ["polyloop-iouring"], undefined)).toBeUndefined();
  });

  it("are compared with Polyloop on epoll where libev does not take part", () => {
    const [side] = chooseSides(allSides(findWorkload("grow"), ["epoll", "iouring"]), ["polyloop-iouring"]);
    expect(side && baselineOf(side, ["polyloop-epoll", "polyloop-iouring"], undefined)).toBe("polyloop-epoll");
  });
});

describe("a peer", () => {
  const [bare, libev] = peers as [Peer, Peer];

  it.each([
    "peers/loop-libev.h:8:10: fatal error: ev.h: No such file or directory",
    "/usr/bin/ld: cannot find -lev: No such file or directory",
  ])("that is not installed is named with the command that installs it (%s)", (complaint) => {
    expect(() => compile("ring", libev, { CC: brokenCompiler(complaint) })).toThrow(
      expect.objectContaining({ message: "libev is not installed", remedy: "apt-get install libev-dev" }),
    );
  });

  it("that does not compile shows what the compiler said", () => {
    expect(() => compile("ring", bare, { CC: brokenCompiler("error: expected expression") })).toThrow(
      "peers/ring.c does not compile with loop-bare.h:\nerror: expected expression",
    );
  });

  it("cannot be built without a compiler, which is named with the command that installs it", () => {
    expect(() => compile("ring", bare, { CC: "/nonexistent/cc" })).toThrow(
      expect.objectContaining({ remedy: "apt-get install gcc libc6-dev" }),
    );
  });

  it.each(workloads.filter((workload) => workload.peers.includes("bare")))(
    "is compiled for $name once and found again",
    ({ name }) => {
      expect(compile(name, bare)).toBe(compile(name, bare));
    },
  );

  itIf(hasHeader("ev.h"), "libev is not installed (apt-get install libev-dev)").each(
    workloads.filter((workload) => workload.peers.includes("libev")),
  )("such as libev compiles for $name without a warning", ({ name }) => {
    expect(compile(name, libev)).toContain(`${name}-libev-`);
  });
});

describe("the source of a library", () => {
  const [bare, libev] = peers as [Peer, Peer];

  it("is taken from the directory that the environment names", () => {
    expect(sourceDirectory(libev, { POLYLOOP_LIBEV_SOURCE: "/src/libev/" })).toBe("/src/libev");
    expect(sourceDirectory(libev, { POLYLOOP_LIBEV_SOURCE: "" })).toBeUndefined();
    expect(sourceDirectory(libev, {})).toBeUndefined();
    expect(sourceDirectory(bare, { POLYLOOP_LIBEV_SOURCE: "/src/libev" })).toBeUndefined();
  });

  it("that is not in the directory is an error that names the variable", () => {
    const directory = scratch();
    writeFileSync(join(directory, "ev.h"), "");
    expect(() => compile("ring", libev, { CC: idleCompiler(), POLYLOOP_LIBEV_SOURCE: directory })).toThrow(
      expect.objectContaining({
        message: `there is no ev.c in ${directory}`,
        remedy: "let POLYLOOP_LIBEV_SOURCE name the directory with ev.c and ev.h",
      }),
    );
  });

  it("makes another program, and so does every change of it", () => {
    const directory = scratch();
    const installed = { CC: idleCompiler() };
    const built = { ...installed, POLYLOOP_LIBEV_SOURCE: directory };
    for (const name of ["ev.c", "ev.h", "ev_epoll.c"]) writeFileSync(join(directory, name), "");
    const programs = [compile("ring", libev, installed), compile("ring", libev, built)];
    expect(compile("ring", libev, built)).toBe(programs[1]);
    for (const name of ["ev_epoll.c", "ev.h"]) {
      writeFileSync(join(directory, name), "// changed");
      programs.push(compile("ring", libev, built));
    }
    for (const program of programs) rmSync(program, { force: true });
    expect(new Set(programs).size).toBe(4);
  });
});

import { describe, expect, it } from "@jest/globals";
import { compile } from "../src/compile.js";
import { type Peer, peers } from "../src/peers.js";
import { allSides, baselineOf, chooseSides } from "../src/sides.js";
import { findWorkload, workloads } from "../src/workloads.js";
import { brokenCompiler, hasHeader, itIf } from "./support.js";

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

  it("that do not exist are an error that names those that do", () => {
    const remedy: unknown = expect.stringContaining("bare-epoll, libev-epoll");
    expect(() => names(["epoll"], ["libevent"])).toThrow(expect.objectContaining({ remedy }));
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
});

describe("a peer", () => {
  const [bare, libev] = peers as [Peer, Peer];

  it.each([
    "peers/loop-libev.h:8:10: fatal error: ev.h: No such file or directory",
    "/usr/bin/ld: cannot find -lev: No such file or directory",
  ])("that is not installed is named with the command that installs it (%s)", (complaint) => {
    expect(() => compile("ring", libev, brokenCompiler(complaint))).toThrow(
      expect.objectContaining({ message: "libev is not installed", remedy: "apt-get install libev-dev" }),
    );
  });

  it("that does not compile shows what the compiler said", () => {
    expect(() => compile("ring", bare, brokenCompiler("error: expected expression"))).toThrow(
      "peers/ring.c does not compile with loop-bare.h:\nerror: expected expression",
    );
  });

  it("cannot be built without a compiler, which is named with the command that installs it", () => {
    expect(() => compile("ring", bare, "/nonexistent/cc")).toThrow(
      expect.objectContaining({ remedy: "apt-get install gcc libc6-dev" }),
    );
  });

  it.each(workloads)("is compiled for $name once and found again", ({ name }) => {
    expect(compile(name, bare)).toBe(compile(name, bare));
  });

  itIf(hasHeader("ev.h"), "libev is not installed (apt-get install libev-dev)").each(workloads)(
    "such as libev compiles for $name without a warning",
    ({ name }) => {
      expect(compile(name, libev)).toContain(`${name}-libev-`);
    },
  );
});

import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, describe, expect, it } from "@jest/globals";
import { type AddonError, loadAddon } from "../src/loader.js";
import { PACKAGE } from "./support.js";

const BINARY = join(PACKAGE, "build", "Release", "sys.node");
const roots: string[] = [];

/** A package in a directory of its own, and the URL of a module in it. */
function makePackage(files: Record<string, "garbage" | "binary">): { root: string; from: string } {
  const root = mkdtempSync(join(tmpdir(), "polyloop-loader-"));
  roots.push(root);
  writeFileSync(join(root, "package.json"), '{ "name": "some-backend" }');
  mkdirSync(join(root, "dist", "src"), { recursive: true });
  writeFileSync(join(root, "dist", "package.json"), '{ "type": "commonjs" }');
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(join(root, path, ".."), { recursive: true });
    if (content === "binary") copyFileSync(BINARY, join(root, path));
    else writeFileSync(join(root, path), "this is no ELF file");
  }
  return { root, from: pathToFileURL(join(root, "dist", "src", "index.js")).href };
}

function catchAddonError(action: () => unknown): AddonError {
  try {
    action();
  } catch (error) {
    return error as AddonError;
  }
  throw new Error("nothing thrown");
}

interface Exports {
  errnoName(errno: number): string;
}
const prebuild = (name: string) => `prebuilds/${process.platform}-${process.arch}/${name}`;
const musl =
  process.platform === "linux" && !("glibcVersionRuntime" in (process.report.getReport() as { header: object }).header);

afterAll(() => {
  for (const root of roots) rmSync(root, { recursive: true });
});

describe("loadAddon", () => {
  it.each(["build/Debug/x.node", "build/Release/x.node", ...(musl ? [] : [prebuild("x.node")])])("opens %s", (path) => {
    const { from } = makePackage({ [path]: "binary" });
    expect(loadAddon<Exports>({ name: "x", from }).errnoName(11)).toBe("EAGAIN");
  });

  it("takes a URL, a path and the directory itself for where to start", () => {
    const { root } = makePackage({ "build/Release/x.node": "binary" });
    for (const from of [
      pathToFileURL(root),
      pathToFileURL(`${root}/`),
      root,
      join(root, "dist"),
      join(root, "index.js"),
    ]) {
      expect(loadAddon<Exports>({ name: "x", from }).errnoName(4)).toBe("EINTR");
    }
  });

  it("looks for the file of the CMake project, whose name has no dash", () => {
    const { from } = makePackage({ "build/Release/backend_x.node": "binary" });
    expect(loadAddon<Exports>({ name: "backend-x", from }).errnoName(4)).toBe("EINTR");
    expect(loadAddon<Exports>({ name: "backend_x", from }).errnoName(4)).toBe("EINTR");
  });

  it("goes on to the next place when a file cannot be opened", () => {
    const { from } = makePackage({ "build/Debug/x.node": "garbage", "build/Release/x.node": "binary" });
    expect(loadAddon<Exports>({ name: "x", from }).errnoName(4)).toBe("EINTR");
  });

  it("says where it looked and what to do when there is no file", () => {
    const { root, from } = makePackage({});
    const error = catchAddonError(() => loadAddon({ name: "x", from }));
    expect(error.code).toBe("ERR_ADDON_NOT_FOUND");
    expect(error.cause).toBeUndefined();
    expect(error.attempts.map(({ path }) => path)).toEqual([
      join(root, "build/Debug/x.node"),
      join(root, "build/Release/x.node"),
      join(root, `prebuilds/linux-${process.arch}${musl ? "-musl" : ""}/x.node`),
    ]);
    for (const { path } of error.attempts) expect(error.message).toContain(`${path}: no such file`);
    expect(error.message).toContain(`run "npx cmake-js compile" in ${root}`);
    expect(error.message).toContain("apt-get install g++ cmake make");
    expect(error.message).toContain(`linux-${process.arch}`);
    expect(error.message).toContain(error.remedy);
  });

  it("says what dlopen said when there is a file that does not open", () => {
    const { root, from } = makePackage({ "build/Release/x.node": "garbage" });
    const error = catchAddonError(() => loadAddon({ name: "x", from }));
    expect(error.code).toBe("ERR_ADDON_LOAD_FAILED");
    expect((error.cause as { code: string }).code).toBe("ERR_DLOPEN_FAILED");
    expect(error.attempts[0]?.reason).toBe("no such file");
    expect(error.attempts[1]?.reason).toMatch(/file too short|invalid ELF header/);
    expect(error.message).toContain(`${join(root, "build/Release/x.node")}: `);
  });

  it("says so when there is no package at all", () => {
    expect(() => loadAddon({ name: "x", from: "/nowhere/at/all.js" })).toThrow(
      "no package.json with a name at or above /nowhere/at/all.js",
    );
  });
});

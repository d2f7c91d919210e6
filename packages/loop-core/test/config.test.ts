import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "@jest/globals";
import { type Configuration, readConfiguration } from "../src/config.js";
import { thrownBy } from "./thrown.js";

const root = mkdtempSync(join(tmpdir(), "polyloop-config-"));
afterAll(() => {
  rmSync(root, { recursive: true });
});

let scenes = 0;

/** A directory tree of its own with these files. */
function tree(files: Readonly<Record<string, unknown>>): string {
  const top = join(root, String(scenes++));
  mkdirSync(join(top, "app", "deep"), { recursive: true });
  for (const [name, content] of Object.entries(files)) {
    writeFileSync(join(top, name), typeof content === "string" ? content : JSON.stringify(content));
  }
  return top;
}

function read(top: string, env: NodeJS.ProcessEnv = {}, setuid = false): Configuration {
  return readConfiguration({ env, directories: [join(top, "app", "deep")], setuid });
}

describe("configuration", () => {
  it("is epoll when nobody says anything", () => {
    expect(read(tree({}))).toEqual({ backend: ["epoll"], strict: false, source: "the default" });
  });

  it("takes the environment before any file", () => {
    const top = tree({ "package.json": { polyloop: { backend: "epoll" } } });
    expect(read(top, { POLYLOOP_BACKEND: "iouring, epoll" })).toEqual({
      backend: ["iouring", "epoll"],
      strict: false,
      source: "POLYLOOP_BACKEND",
    });
    expect(read(top, { POLYLOOP_BACKEND: " " }).source).toBe(join(top, "package.json"));
  });

  it("ignores the environment in a set-uid process", () => {
    expect(read(tree({}), { POLYLOOP_BACKEND: "iouring" }, true).source).toBe("the default");
  });

  it("finds the polyloop key of the nearest package.json that has one", () => {
    const top = tree({
      "package.json": { polyloop: { backend: ["linuxaio", "epoll"], strict: true } },
      "app/package.json": { name: "no-key" },
    });
    expect(read(top)).toEqual({ backend: ["linuxaio", "epoll"], strict: true, source: join(top, "package.json") });
  });

  it("finds a .polylooprc, the nearer file wins", () => {
    const top = tree({
      "package.json": { polyloop: { backend: "linuxaio" } },
      "app/.polylooprc": { backend: "iouring" },
    });
    expect(read(top)).toEqual({ backend: ["iouring"], strict: false, source: join(top, "app/.polylooprc") });
  });

  it("may say strict alone", () => {
    const top = tree({ ".polylooprc": { strict: true } });
    expect(read(top)).toMatchObject({ backend: ["epoll"], strict: true });
  });

  it.each([
    ["broken JSON", "{ backend: epoll", /app\/\.polylooprc.*Write JSON/],
    ["a list", ["epoll"], /must be an object/],
    ["an unknown key", { backends: "epoll" }, /has no 'backends'/],
    ["a number", { backend: 5 }, /backend must be/],
    ["an empty list", { backend: [] }, /backend must be/],
    ["a path", { backend: "../evil" }, /no backend's name/],
    ["upper case", { backend: "Epoll" }, /no backend's name/],
    ["strict as text", { strict: "yes" }, /strict must be/],
  ])("refuses %s and says where", (_name, content, message) => {
    const top = tree({ "app/.polylooprc": content });
    const error = thrownBy(() => read(top));
    expect(error.message).toMatch(message);
    expect(error.message).toContain(".polylooprc");
  });

  it.each(["epoll,", "../x", "a b", "epoll;rm", "EPOLL"])("refuses POLYLOOP_BACKEND=%s", (value) => {
    expect(thrownBy(() => read(tree({}), { POLYLOOP_BACKEND: value }))).toMatchObject({ code: "ERR_CONFIGURATION" });
  });
});

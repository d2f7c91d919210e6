import { Buffer } from "node:buffer";
import { describe, expect, it } from "@jest/globals";
import { LineAssembler } from "../lines.js";

function push(lines: LineAssembler, text: string): string[] {
  const bytes = Buffer.from(text, "latin1");
  return lines.push(bytes, bytes.length);
}

describe("the line assembler", () => {
  it("gives a line when its end arrives, however it is cut", () => {
    const lines = new LineAssembler();
    expect(push(lines, "on")).toEqual([]);
    expect(push(lines, "e\r")).toEqual([]);
    expect(push(lines, "\ntwo\n\nth")).toEqual(["one", "two", ""]);
    expect(push(lines, "ree\n")).toEqual(["three"]);
  });

  it("looks at no more of the buffer than was read into it", () => {
    const lines = new LineAssembler();
    expect(lines.push(Buffer.from("one\ntwo\n"), 4)).toEqual(["one"]);
    expect(push(lines, "\n")).toEqual([""]);
  });

  it("drops a line that is too long, and nothing else", () => {
    const lines = new LineAssembler(4);
    expect(push(lines, "four\n12345\nend\n")).toEqual(["four", "end"]);
  });
});

import { describe, expect, it } from "@jest/globals";
import { describeEvents, ERROR, HANGUP, PRIORITY, READ, TIMER, WRITE } from "@polyloop/loop-core";

describe("describeEvents", () => {
  it.each([
    [0, "NONE"],
    [READ, "READ"],
    [READ | WRITE | HANGUP, "READ|WRITE|HANGUP"],
    [PRIORITY | ERROR | TIMER, "PRIORITY|ERROR|TIMER"],
    [READ | 0x40, "READ|0x40"],
    [0x80000000, "0x80000000"],
  ])("of %p is %s", (mask, text) => {
    expect(describeEvents(mask)).toBe(text);
  });

  it("the bits that promise their values keep them", () => {
    expect([READ, WRITE, PRIORITY, ERROR, HANGUP]).toEqual([1, 2, 4, 8, 16]);
  });
});

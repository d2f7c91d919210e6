import { describe, expect, it } from "@jest/globals";
import { runExample } from "./support.js";

describe("the serial lines example", () => {
  it("assembles lines, notices silence and the end of the device", async () => {
    const { code, stdout, stderr } = await runExample("serial-lines/main.ts");
    expect(stderr).toBe("");
    expect(stdout).toMatch(/^reading \/dev\/pts\/\d+ on epoll\n/);
    expect(stdout.match(/(?<=^line {9}).*$/gm)).toEqual([
      "$GPGGA,120105.00,4717.11,N,00833.91,E,1,08,1.0,499.6,M,48.0,M,,",
      "$GPRMC,120105.00,A,4717.11,N,00833.91,E,0.0,,010126,,",
      "$GPGSV,1,1,02,10,63,137,17,07,61,098,15",
      "$GPVTG,,T,,M,0.0,N,0.0,K",
    ]);
    expect(stdout).toMatch(/GPRMC.*\n(.*\n)*silent {7}for 300 ms\n(.*\n)*.*GPGSV/);
    expect(stdout).toMatch(/\ngone {9}READ\|ERROR\|HANGUP, read: (end|EIO)\n$/);
    expect(code).toBe(0);
  });

  it("says that a device does not exist, without a stack trace", async () => {
    const { code, stderr } = await runExample("serial-lines/main.ts", ["/dev/there-is-none"]);
    expect(stderr).toMatch(/^ENOENT.*there-is-none'\n$/);
    expect(code).toBe(1);
  });
});

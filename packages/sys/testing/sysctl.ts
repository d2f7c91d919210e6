import { readFileSync, writeFileSync } from "node:fs";

/** A setting of the whole system under /proc/sys, which a test changes for a moment and restores. Needs root. */
export class Sysctl {
  /** Such as `"fs.aio-max-nr"`. */
  readonly name: string;
  private readonly path: string;
  private readonly original: string;

  constructor(name: string) {
    this.name = name;
    this.path = `/proc/sys/${name.replaceAll(".", "/")}`;
    this.original = readFileSync(this.path, "utf8").trim();
  }

  get value(): number {
    return Number(readFileSync(this.path, "utf8"));
  }

  set value(value: number) {
    writeFileSync(this.path, String(value));
  }

  restore(): void {
    writeFileSync(this.path, this.original);
  }
}

import { Buffer } from "node:buffer";

const NEWLINE = 0x0a;

/** Makes lines of the pieces in which a descriptor delivers them. A read ends anywhere, also in the middle of a line. */
export class LineAssembler {
  private readonly line: Buffer;
  private length = 0;
  private tooLong = false;

  /** @param limit bytes; a longer line is dropped, so that noise without an end cannot fill the memory. */
  constructor(limit = 4096) {
    this.line = Buffer.alloc(limit);
  }

  /** Takes the first `length` bytes of a piece, gives back the lines that ended in it, without their line ends. */
  push(piece: Uint8Array, length: number): string[] {
    const lines: string[] = [];
    for (let at = 0; at < length; ) {
      const newline = piece.subarray(0, length).indexOf(NEWLINE, at);
      const end = newline < 0 ? length : newline;
      this.keep(piece.subarray(at, end));
      if (newline >= 0) this.finish(lines);
      at = end + 1;
    }
    return lines;
  }

  private keep(part: Uint8Array): void {
    if (this.length + part.length > this.line.length) this.tooLong = true;
    if (this.tooLong) return;
    this.line.set(part, this.length);
    this.length += part.length;
  }

  private finish(lines: string[]): void {
    // One byte is one character: a serial line carries noise, too, which is no UTF-8.
    if (!this.tooLong) lines.push(this.line.toString("latin1", 0, this.length).replace(/\r$/, ""));
    this.length = 0;
    this.tooLong = false;
  }
}

import { CHANGE_LENGTH } from "./port.js";

/** Changes for the kernel, in the layout of the port, gathered for one system call each in one native call. */
export class ChangeList {
  words = new Int32Array(64 * CHANGE_LENGTH);
  count = 0;

  push(operation: number, fd: number, mask: number, generation: number): void {
    const at = this.count * CHANGE_LENGTH;
    if (at === this.words.length) {
      const grown = new Int32Array(this.words.length * 2);
      grown.set(this.words);
      this.words = grown;
    }
    this.words[at] = operation;
    this.words[at + 1] = fd;
    this.words[at + 2] = mask;
    this.words[at + 3] = generation;
    this.words[at + 4] = 0;
    this.count++;
  }

  operation(index: number): number {
    return this.words[index * CHANGE_LENGTH] as number;
  }

  fd(index: number): number {
    return this.words[index * CHANGE_LENGTH + 1] as number;
  }

  generation(index: number): number {
    return this.words[index * CHANGE_LENGTH + 3] as number;
  }

  /** 0 or a negative errno. */
  result(index: number): number {
    return this.words[index * CHANGE_LENGTH + 4] as number;
  }
}

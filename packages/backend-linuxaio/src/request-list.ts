import { CANCEL, REQUEST_LENGTH, SUBMIT, SUBMIT_NEW } from "./port.js";

/** Requests to the kernel, in the layout of the port, gathered for one native call. */
export class RequestList {
  words = new Int32Array(64 * REQUEST_LENGTH);
  count = 0;

  submit(slot: number, fd: number, mask: number, generation: number, isNew: boolean): void {
    this.push(isNew ? SUBMIT_NEW : SUBMIT, slot, fd, mask, generation);
  }

  cancel(slot: number): void {
    this.push(CANCEL, slot, -1, 0, 0);
  }

  /** A request that was not handed over is not made after all. */
  withdraw(slot: number): void {
    const { words } = this;
    for (let index = 0; index < this.count; index++) {
      if (!this.isSubmit(index) || this.slot(index) !== slot) continue;
      words.copyWithin(index * REQUEST_LENGTH, (index + 1) * REQUEST_LENGTH, this.count * REQUEST_LENGTH);
      this.count--;
      return;
    }
  }

  isSubmit(index: number): boolean {
    return this.words[index * REQUEST_LENGTH] !== CANCEL;
  }

  slot(index: number): number {
    return this.words[index * REQUEST_LENGTH + 1] as number;
  }

  fd(index: number): number {
    return this.words[index * REQUEST_LENGTH + 2] as number;
  }

  generation(index: number): number {
    return this.words[index * REQUEST_LENGTH + 4] as number;
  }

  /** 0 or a negative errno. */
  result(index: number): number {
    return this.words[index * REQUEST_LENGTH + 5] as number;
  }

  private push(operation: number, slot: number, fd: number, mask: number, generation: number): void {
    const at = this.count * REQUEST_LENGTH;
    if (at === this.words.length) {
      const grown = new Int32Array(this.words.length * 2);
      grown.set(this.words);
      this.words = grown;
    }
    this.words[at] = operation;
    this.words[at + 1] = slot;
    this.words[at + 2] = fd;
    this.words[at + 3] = mask;
    this.words[at + 4] = generation;
    this.words[at + 5] = 0;
    this.count++;
  }
}

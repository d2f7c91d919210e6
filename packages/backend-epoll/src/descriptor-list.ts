/** Descriptors in the order in which they came. Grows as needed, and allocates nothing when it is emptied and filled again. */
export class DescriptorList {
  items = new Int32Array(64);
  count = 0;

  push(fd: number): void {
    if (this.count === this.items.length) {
      const grown = new Int32Array(this.items.length * 2);
      grown.set(this.items);
      this.items = grown;
    }
    this.items[this.count++] = fd;
  }

  /** Before all others. */
  unshift(fd: number): void {
    this.push(fd);
    this.items.copyWithin(1, 0, this.count - 1);
    this.items[0] = fd;
  }

  get(index: number): number {
    return this.items[index] as number;
  }
}

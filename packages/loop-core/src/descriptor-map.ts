/** Tables that are indexed by a descriptor number come in pages of so many: the number's high bits name the page. */
export const PAGE_BITS = 8;
export const PAGE_SIZE = 1 << PAGE_BITS;
/** The number's low bits: its place on the page. */
export const PAGE_MASK = PAGE_SIZE - 1;

/**
 * A 32-bit number for each descriptor number, 0 where none was set. Memory follows the numbers in use, in pages of 256,
 * so descriptor 1 000 000 costs one page and not a table of a million.
 */
export class DescriptorMap {
  private readonly pages: (Int32Array | undefined)[] = [];

  /** The value of `fd`; 0 for one that was never set, and for a number that can be no descriptor. */
  get(fd: number): number {
    const page = this.pages[fd >>> PAGE_BITS];
    return page === undefined ? 0 : (page[fd & PAGE_MASK] as number);
  }

  /** Sets the value of `fd`, as a signed 32-bit number. */
  set(fd: number, value: number): void {
    const index = fd >>> PAGE_BITS;
    let page = this.pages[index];
    if (page === undefined) {
      if (value === 0) return;
      page = new Int32Array(PAGE_SIZE);
      // A dense list of pages stays fast to index; a hole would make every look-up a slow one.
      while (this.pages.length < index) this.pages.push(undefined);
      this.pages[index] = page;
    }
    page[fd & PAGE_MASK] = value;
  }

  /** Adds one, wrapping around after 2³² steps, and returns the new value. */
  increment(fd: number): number {
    const value = (this.get(fd) + 1) | 0;
    this.set(fd, value);
    return value;
  }

  /** Calls `visit` for every descriptor whose value is not 0, in ascending order. */
  forEach(visit: (fd: number, value: number) => void): void {
    for (let index = 0; index < this.pages.length; index++) {
      const page = this.pages[index];
      if (page === undefined) continue;
      for (let slot = 0; slot < PAGE_SIZE; slot++) {
        const value = page[slot] as number;
        if (value !== 0) visit((index << PAGE_BITS) | slot, value);
      }
    }
  }
}

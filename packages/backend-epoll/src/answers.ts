/** Answers of every backend begin with the time as two doubles: CLOCK_MONOTONIC and CLOCK_REALTIME, in milliseconds. */
export const HEADER_LENGTH = 4;

const FIRST_CAPACITY = 64;
/** Beyond this the kernel keeps the rest for the next call, which is no loss: it hands them out in turn. */
const LAST_CAPACITY = 1 << 16;

/** Where the kernel's answers arrive, in the layout of a port: a header, then answers of so many words each. */
export class Answers {
  words: Int32Array;
  /** The time after the last call: CLOCK_MONOTONIC and CLOCK_REALTIME. */
  times: Float64Array;
  private readonly answerLength: number;
  private capacity = FIRST_CAPACITY;

  constructor(answerLength: number) {
    this.answerLength = answerLength;
    this.words = this.allocate();
    this.times = new Float64Array(this.words.buffer, 0, 2);
  }

  /** Doubles the room after a call that filled it. What it held is dropped. */
  growIfFull(count: number): void {
    if (count >= this.capacity) this.reserve(this.capacity * 2);
  }

  /** Makes room for so many answers. What it held is dropped. */
  reserve(count: number): void {
    if (count <= this.capacity || this.capacity === LAST_CAPACITY) return;
    while (this.capacity < count && this.capacity < LAST_CAPACITY) this.capacity *= 2;
    this.words = this.allocate();
    this.times = new Float64Array(this.words.buffer, 0, 2);
  }

  /** Passes on the time after the wait. */
  stamp(stamp: Float64Array | undefined): void {
    if (stamp === undefined) return;
    stamp[0] = this.times[0] as number;
    stamp[1] = this.times[1] as number;
  }

  private allocate(): Int32Array {
    // An even number of words: the header is read as doubles.
    return new Int32Array((HEADER_LENGTH + this.capacity * this.answerLength + 1) & ~1);
  }
}

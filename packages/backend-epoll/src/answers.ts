import { ANSWER_LENGTH, HEADER_LENGTH } from "./port.js";

const FIRST_CAPACITY = 64;
/** Beyond this the kernel keeps the rest for the next call, which is no loss: it hands them out in turn. */
const LAST_CAPACITY = 1 << 16;

/** Where the kernel's answers arrive, in the layout of the port. */
export class Answers {
  words: Int32Array = allocate(FIRST_CAPACITY);
  /** The time after the wait: CLOCK_MONOTONIC and CLOCK_REALTIME in milliseconds. */
  times: Float64Array = new Float64Array(this.words.buffer, 0, 2);
  private capacity = FIRST_CAPACITY;

  /** Doubles the room after a call that filled it. What it held is dropped. */
  growIfFull(count: number): void {
    if (count < this.capacity || this.capacity === LAST_CAPACITY) return;
    this.capacity *= 2;
    this.words = allocate(this.capacity);
    this.times = new Float64Array(this.words.buffer, 0, 2);
  }
}

function allocate(capacity: number): Int32Array {
  // An even number of words: the header is read as doubles.
  return new Int32Array((HEADER_LENGTH + capacity * ANSWER_LENGTH + 1) & ~1);
}

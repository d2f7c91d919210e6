import { type Clock, MONOTONIC, WALL } from "../src/clock.js";

/** A clock that stands still until it is told to move. */
export class ManualClock implements Clock {
  /** CLOCK_MONOTONIC in milliseconds. */
  monotonic: number;
  /** CLOCK_REALTIME in milliseconds since the epoch. */
  wall: number;

  constructor(monotonic = 1000, wall = 1_700_000_000_000) {
    this.monotonic = monotonic;
    this.wall = wall;
  }

  /** Lets time pass. */
  advance(ms: number): void {
    this.monotonic += ms;
    this.wall += ms;
  }

  /** Somebody sets the wall clock; no time passes. */
  jump(ms: number): void {
    this.wall += ms;
  }

  read(into: Float64Array): void {
    into[MONOTONIC] = this.monotonic;
    into[WALL] = this.wall;
  }
}

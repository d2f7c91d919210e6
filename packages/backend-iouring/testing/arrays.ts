import { HEADER_LENGTH } from "@polyloop/backend-epoll/answers";
import * as port from "../src/port.js";

/** Where the answers of a call go. */
export class Room {
  left: number;
  readonly capacity: number;
  private readonly answers: Int32Array;
  private at = HEADER_LENGTH;

  constructor(answers: Int32Array, most: number) {
    this.answers = answers;
    this.capacity = Math.min(Math.floor((answers.length - HEADER_LENGTH) / port.ANSWER_LENGTH), most);
    this.left = this.capacity;
  }

  get count(): number {
    return this.capacity - this.left;
  }

  /** Returns where it was stored. */
  store(fd: number, generation: number, result: number, what: number): Int32Array {
    const answer = this.answers.subarray(this.at, this.at + port.ANSWER_LENGTH);
    answer.set([fd, generation, result, what]);
    this.at += port.ANSWER_LENGTH;
    this.left--;
    return answer;
  }
}

/** Moves LOOKs to the front, and what is likely to be ready behind them. Returns how many they are. */
export function moveQuestionsToFront(requests: Int32Array, count: number): number {
  let looks = 0;
  let questions = 0;
  for (let index = 0; index < count; index++) {
    const operation = requests[index * port.REQUEST_LENGTH];
    if (operation !== port.LOOK && operation !== port.POLL_LIKELY) continue;
    swap(requests, questions, index);
    if (operation === port.LOOK) swap(requests, looks++, questions);
    questions++;
  }
  return questions;
}

export function swap(requests: Int32Array, one: number, other: number): void {
  const [a, b] = [one * port.REQUEST_LENGTH, other * port.REQUEST_LENGTH];
  const words = requests.slice(a, a + port.REQUEST_LENGTH);
  requests.copyWithin(a, b, b + port.REQUEST_LENGTH);
  requests.set(words, b);
}

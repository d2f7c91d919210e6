import { tried } from "@polyloop/backend-epoll/refusals";
import type { Availability } from "@polyloop/loop-core";
import { Answers, HEADER_LENGTH } from "@polyloop/backend-epoll/answers";
import { OUT } from "@polyloop/backend-epoll/poll-masks";
import { contextSize } from "./context-size.js";
import { refusals } from "./failures.js";
import { type AioContext, type AioPort, ANSWER_LENGTH } from "./port.js";
import { RequestList } from "./request-list.js";

/** Polls came with 4.18; before 4.19 they could be lost. */
const OLDEST = [4, 19] as const;

/** Opens a context and polls an eventfd in it, which can be written at once. */
export function probe(port: AioPort): Availability {
  if (isTooOld(port.release)) {
    const reason = `Linux ${port.release} has no usable polls in Linux AIO, which need ${OLDEST.join(".")}`;
    return { ok: false, code: "ERR_KERNEL_TOO_OLD", reason, remedy: "Use a newer kernel, or the epoll backend" };
  }
  return tried(() => {
    const context = port.open(contextSize(1));
    if (context.error < 0) return refusals.refusal("io_setup", -context.error);
    try {
      return tryPoll(port, context);
    } finally {
      context.close(false);
    }
  });
}

function tryPoll(port: AioPort, context: AioContext): Availability {
  const subject = port.openNotifier();
  if (subject.fd < 0) return refusals.refusal("eventfd", -subject.fd);
  const requests = new RequestList();
  const answers = new Answers(ANSWER_LENGTH);
  const generation = 1;
  requests.submit(0, subject.fd, OUT, generation, true);
  const count = context.exchange(requests.words, requests.count, answers.words, 1, 0);
  const result = requests.result(0);
  subject.close();
  if (result < 0) return refusals.refusal("io_submit", -result);
  if (count < 0) return refusals.refusal("io_getevents", -count);
  const [slot, answered, mask = 0] = answers.words.subarray(HEADER_LENGTH, HEADER_LENGTH + ANSWER_LENGTH);
  if (count !== 1 || slot !== 0 || answered !== generation || (mask & OUT) === 0) {
    return { ok: false, code: "ERR_PROBE_FAILED", reason: "a poll of a writable descriptor was not answered rightly" };
  }
  return { ok: true, features: context.readsRing === 1 ? ["IOCB_CMD_POLL", "ring"] : ["IOCB_CMD_POLL"] };
}

function isTooOld(release: string): boolean {
  const [, major, minor] = /^(\d+)\.(\d+)/.exec(release) ?? [];
  // A release that says nothing is tried.
  if (major === undefined || minor === undefined) return false;
  return Number(major) < OLDEST[0] || (Number(major) === OLDEST[0] && Number(minor) < OLDEST[1]);
}

import { pollBackend } from "@polyloop/loop-core/testing";
import { CompletionBackend, completionStyle } from "../completion-backend.js";
import type { Completion } from "../requests.js";
import type { Flaw } from "./bent.js";

/** A backend of completions that errs in what `Kind` overrides. */
function of(Kind: typeof CompletionBackend): Flaw {
  return () => completionStyle(pollBackend(), Kind);
}

/** It waits though answers are left over from the last poll. */
export const waitsBesideAnswers = of(
  class extends CompletionBackend {
    protected override waitFor(timeout: number): number {
      return timeout;
    }
  },
);

/** What does not fit into one poll is lost. */
export const losesWhatOverflows = of(
  class extends CompletionBackend {
    protected override take(): readonly Completion[] {
      const taken = super.take();
      this.requests.completions.length = 0;
      return taken;
    }
  },
);

/** A poll hands over a few answers, however many there are. */
export const handsOverFew = of(
  class extends CompletionBackend {
    protected override take(): readonly Completion[] {
      return this.requests.completions.splice(0, 8);
    }
  },
);

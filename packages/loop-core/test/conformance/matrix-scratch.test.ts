/* eslint-disable */
import { appendFileSync } from "node:fs";
import { it } from "@jest/globals";
import { pollBackend } from "@polyloop/loop-core/testing";
import { collectTests } from "./collected-tests.js";
import { completionStyle } from "./completion-backend.js";
import * as changes from "./broken/changes.js";
import * as reports from "./broken/reports.js";
import * as lives from "./broken/lives.js";
import * as times from "./broken/times.js";
import * as comp from "./broken/completions.js";
import * as manifests from "./broken/manifests.js";

const flaws: Record<string, any> = {
  ...comp,
  ...changes,
  ...reports,
  ...lives,
  ...times,
  ...manifests,
  none: (x: any) => x,
};
const base = process.env["BASE"] === "completions" ? completionStyle(pollBackend()) : pollBackend();
const log = process.env["OUT"] as string;
const only = process.env["ONLY"];
it("matrix", async () => {
  const flaw = flaws[process.env["FLAW"] as string];
  for (const [name, run] of collectTests(flaw(base), { patience: 300, programs: 1000 })) {
    if (only && !name.includes(only)) continue;
    appendFileSync(log, `RUN  ${name}\n`);
    const begin = performance.now();
    const outcome: string = await run();
    const error = outcome.startsWith("failed: ") ? { name: "", message: outcome } : undefined;
    const skipped = outcome.startsWith("skipped") ? outcome : undefined;
    const ms = Math.round(performance.now() - begin);
    if (error)
      appendFileSync(
        log,
        `FAIL ${ms} ${name} :: ${error.name} ${error.message.replaceAll("\n", " | ").slice(0, 400)}\n`,
      );
    else if (skipped) appendFileSync(log, `SKIP ${ms} ${name} :: ${skipped}\n`);
    else appendFileSync(log, `PASS ${ms} ${name}\n`);
  }
  appendFileSync(log, `DONE\n`);
}, 600000);

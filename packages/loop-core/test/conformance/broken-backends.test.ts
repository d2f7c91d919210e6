import { describe, expect, it } from "@jest/globals";
import type { BackendFactory } from "@polyloop/loop-core";
import { pollBackend } from "@polyloop/loop-core/testing";
import * as changes from "./broken/changes.js";
import * as completing from "./broken/completions.js";
import * as lives from "./broken/lives.js";
import * as manifests from "./broken/manifests.js";
import * as reports from "./broken/reports.js";
import * as times from "./broken/times.js";
import { collectTests, type Outcome } from "./collected-tests.js";
import { completionStyle } from "./completion-backend.js";

const flaws = { ...changes, ...completing, ...reports, ...times, ...lives, ...manifests };
const poll = pollBackend();
const completions = completionStyle(poll);

/** A flaw, the sound backend that gets it, the test of the kit that catches it, and what that says. */
type Case = readonly [flaw: keyof typeof flaws, sound: BackendFactory, caughtBy: string, saying: RegExp];

// biome-ignore format: a table
const CASES: readonly Case[] = [
  ["movesNoGenerations",               completions, "identity › never delivers an event of a pipe to a watcher started on its number, whatever file took that", /then a pipe/],
  ["losesChangesOfInterest",           poll,        "several watchers of one descriptor › go on when one of them stops, and get what another adds", /only READ is watched: the loop was busy/],
  ["neverLooksAgain",                  completions, "identity › never delivers an event of an eventfd to a watcher started on its number, whatever file took that", /early/],
  ["keepsWatching",                    poll,        "a stopped descriptor › costs nothing and is not reported, ready as it is: a pipe", /what the backend reported of it/],
  ["keepsWatching",                    completions, "stop, then close › lets a writer know that nobody reads any more (EPIPE)", /in vain: EPIPE/],
  ["handsChangesOverLate",             poll,        "always-ready descriptors › end every wait: a directory", /in vain: a directory, call 1/],
  ["losesTheRestOfABatch",             poll,        "contract › a bad descriptor keeps no good one from being reported, however the changes are mixed", /in vain for 6 reports/],
  ["losesWhatIsFlushed",               poll,        "contract › flush() without changes, before any poll and again and again, changes nothing", /in vain for 1 reports/],
  ["throwsInModify",                   poll,        "numbers that are not open › fail with EBADF, once, by a callback and not by an exception", /: modify: EBADF$/],
  ["endsAtDescriptor1024",             poll,        "high numbers › fail like low ones if they are not open, and cost no table of their height", /1000000 failed 9/],
  ["watches1024AtMost",                poll,        "growth › to thousands that are ready at once never calls those that callbacks stopped, and calls all the others", /watchers that were called/],
  ["paysForHeight",                    poll,        "high numbers › fail like low ones if they are not open, and cost no table of their height", /one descriptor of a high number took/],
  ["leaksPerChange",                   poll,        "level-triggered readiness › is told within two turns", /descriptors were open after the test that were not before/],
  ["waitsForMoreThanWanted",           poll,        "what nobody asked for › does not keep the loop busy: READ or WRITE of what hung up, when only PRIORITY is wanted", /it hung up: the loop was busy/],
  ["dropsPriorityBesideWrite",         poll,        "readiness › tells of a TCP connection with urgent data what poll(2) says, whatever of it is wanted and whatever happens to it", /PRIORITY/],

  ["neverRearms",                      completions, "level-triggered readiness › is told in every turn to a callback that reads one byte at a time", /something is left unread/],
  ["waitsBesideAnswers",               completions, "level-triggered readiness › ends the waits until each of many was told, though whoever was told is ready no more", /in vain: the last of/],
  ["losesWhatOverflows",               completions, "fairness › callbacks that start and stop watchers of ready descriptors keep nobody from his turn", /the calls of each descriptor: 100 .* 0 0/],
  ["handsOverFew",                     completions, "growth › to thousands that are ready at once never calls those that callbacks stopped, and calls all the others", /watchers that were called/],
  ["repeatsItself",                    poll,        "a stopped descriptor › costs nothing and is not reported, ready as it is: a socket", /what the backend reported of it/],
  ["tellsLate",                        poll,        "random programs: nothing ready is lost, nothing stale or foreign is told, nothing spins › programs 1 to 250", /was not told .* in two turns: lost|waited though something was ready/],
  ["tellsReadinessOnce",               poll,        "level-triggered readiness › is told in every turn to a callback that reads one byte at a time", /something is left unread/],
  ["guesses",                          poll,        "identity › survives a number that goes through many files, with and without a turn for each", /calls for a file that is not ready/],
  ["hidesErrors",                      poll,        "readiness › tells of a TCP connection that was refused what poll(2) says, whatever of it is wanted and whatever happens to it", /ERROR/],
  ["hidesHangups",                     poll,        "several watchers of one descriptor › are called in the order they were started, each with the bits it asked for", /HANGUP/],
  ["tellsOnlyInformation",             poll,        "a stopped descriptor › costs nothing when it hung up", /hung up: the watcher was not called/],
  ["tellsOneBit",                      poll,        "several watchers of one descriptor › are called in the order they were started, each with the bits it asked for", /READ\|WRITE/],
  ["takesPriorityForRead",             poll,        "manifest › priority: if claimed, urgent data is reported, alone and beside READ", /READ\|PRIORITY/],
  ["starves",                          poll,        "fairness › callbacks that start and stop watchers of ready descriptors keep nobody from his turn", /the calls of each descriptor: 100 0 0/],
  ["mistakesNumbers",                  poll,        "level-triggered readiness › of every descriptor that is ready is told in every turn", /READ/],
  ["leavesOutFiles",                   poll,        "always-ready descriptors › end every wait: a regular file", /in vain: a regular file, call 1/],
  ["failsFiles",                       poll,        "always-ready descriptors › do not keep what happens to others from being told in the same turn", /READ/],
  ["failsWithNegativeErrno",           poll,        "contract › a number that failed can be watched once it is open", /failed -9/],
  ["throwsInPoll",                     poll,        "numbers that are not open › fail with EBADF, once, by a callback and not by an exception", /: poll: descriptor [0-9]+ is bad$/],
  ["swallowsFailures",                 poll,        "numbers that are not open › fail with EBADF, once, by a callback and not by an exception", /whether something is left to wait for/],
  ["spinsOnClosed",                    poll,        "numbers that are not open › do not affect others that are told of in the same turn", /the loop was busy/],
  ["neverForgives",                    poll,        "numbers that are not open › can be watched once they are open", /in vain: READ of descriptor/],
  ["usesOldSink",                      poll,        "contract › modify(), flush(), recreate() and close() report nothing: a sink is valid only during its poll", /used a sink after the poll it was given to/],

  ["neverWaits",                       poll,        "waits › poll(2.7) is never rounded down", /12 of 12 waits for nothing were too short/],
  ["sleepsBadly",                      poll,        "turns › watchers of all kinds with nothing to do leave the loop asleep", /polls in 300 ms in which nothing happened/],
  ["alwaysWaits",                      poll,        "waits › poll(0) does not wait", /the thread went to sleep/],
  ["oversleeps",                       poll,        "waits › ends in time: the best of 30 waits is not much longer than it was asked to be", /the best of 30 waits of 3 ms took/],
  ["sleepsInFlush",                    poll,        "contract › flush() with nothing to hand over does not wait", /the thread went to sleep/],
  ["sleepsInFlush",                    completions, "contract › flush() with a change to hand over does not wait", /the thread went to sleep/],
  ["roundsDown",                       poll,        "timers › a timer of 0.999 ms costs a wait or two, not a busy loop", /polls for 10 timers/],
  ["wrapsLongWaits",                   poll,        "waits › poll(4294967296) neither throws nor returns at once", /polls ended before anything was ready/],
  ["failsOnSignals",                   poll,        "waits › a signal during the wait is no failure and makes no timer early", /: poll failed with EINTR$/],
  ["stampsTheFuture",                  poll,        "timers › a timer of 1 ms never fires early", /the timer was .* ms early/],
  ["stampsBeforeTheWait",              poll,        "the time of the wait › the stamp is of the end of the wait, not of its beginning", /stamped with the time before them/],
  ["needsStamp",                       poll,        "the time of the wait › a loop on another clock hands it no stamp, and it works without", /undefined/],

  ["leaksPerLife",                     poll,        "contract › create() opens nothing that close() does not give back", /descriptors open after ten backends/],
  ["sharesItsState",                   poll,        "contract › a factory whose probe says yes creates backends, several at once, that know nothing of each other", /in vain for 1 reports/],
  ["keepsEverythingInRecreate",        poll,        "recreate() and close() of the backend alone › recreate() forgets what is not told anew", /which nobody wants/],
  ["losesEverythingInRecreate",        poll,        "recreate() › leaves every watcher working, those that were ready and those that become so", /in vain: what was ready before recreate/],
  ["failsInRecreate",                  poll,        "recreate() › leaves every watcher working, those that were ready and those that become so", /: the process forked$/],
  ["leaksInRecreate",                  poll,        "recreate() › leaves every watcher working, those that were ready and those that become so", /descriptors were open after the test that were not before/],
  ["closesWhatItWatches",              poll,        "close() › ends a loop after a run, calls nobody any more and leaves the watched descriptors open", /which is the program's/],
  ["neverCloses",                      completions, "close() › lets go of the watched files: once the program closes one, the other side sees the end", /has not seen the end/],
  ["closesOnce",                       poll,        "recreate() and close() of the backend alone › close() twice, at whatever moment", /: closed twice$/],
  ["throwsInProbe",                    poll,        "availability › it can run here", /its probe threw: ENOSYS/],
  ["leaksInProbe",                     poll,        "availability › a probe says which features it found, or why not, and leaves no descriptor open", /descriptors open after ten probes/],
  ["refusesWithoutReason",             poll,        "availability › a probe says which features it found, or why not, and leaves no descriptor open", /a refusal needs a code and a reason/],

  ["claimsPreciseTimeouts",            poll,        "manifest › preciseTimeouts: if claimed, a wait of 0.2 ms can end within 0.9 ms", /not one of 60 waits/],
  ["hidesPreciseTimeouts",             poll,        "manifest › preciseTimeouts: if not claimed, no wait of 0.2 ms ends within 0.9 ms", /the manifest hides that/],
  ["claimsEdge",                       poll,        "manifest › edge: if claimed, a descriptor with EDGE is reported once, and again only after something new", /reported twice, with nothing new/],
  ["hidesEdge",                        poll,        "manifest › edge: if not claimed, readiness is level-triggered even for an interest with EDGE", /the manifest hides that|in vain/],
  ["claimsPriority",                   poll,        "interests › of PRIORITY are told of TCP's urgent data, alone and beside READ and WRITE", /in vain: PRIORITY/],
  ["hidesPriority",                    poll,        "manifest › priority: if not claimed, urgent data is not reported", /the manifest hides that/],
  ["claimsPollable",                   poll,        "manifest › pollable: if claimed, fd is a descriptor that becomes readable when something is ready", /fd is -1/],
  ["claimsPollableWithDeafDescriptor", poll,        "manifest › pollable: if claimed, fd is a descriptor that becomes readable when something is ready", /fd is not readable/],
  ["hidesDescriptor",                  poll,        "manifest › pollable: if not claimed, fd is -1", /the manifest hides it/],
  ["changesItsMind",                   poll,        "manifest › the manifest does not change once the backend has polled", /priority/],
  ["goesByAnotherName",                poll,        "manifest › loop.backend tells the factory's name and the backend's manifest", /backend.name is not factory.name/],
];

/** Milliseconds that a test waits for what must come, and for what a broken backend never tells. */
const PATIENCE = 10_000;
const LITTLE_PATIENCE = 300;
/** Some flaws show in time, and a busy machine can hide them. */
const MOST_ATTEMPTS = 3;

/** What becomes of one test of the kit, with that backend. */
function judge(factory: BackendFactory, test: string, patience: number): Promise<Outcome> {
  const run = collectTests(factory, { patience }).get(test);
  if (run === undefined) throw new Error(`the kit has no test of the name ${test}`);
  return run();
}

/** `"movesNoGenerations"` as people would say it. */
function inWords(name: string): string {
  return name.replace(/[A-Z]|[0-9]+/g, (part) => ` ${part.toLowerCase()}`);
}

describe("the conformance kit catches a backend that", () => {
  it.each(CASES.map(([flaw, sound, ...rest]) => [inWords(flaw), sound.name, flaw, sound, ...rest] as const))(
    "%s (made of the %s backend)",
    async (_words, _name, flaw, sound, test, complaint) => {
      // What a sound backend rightly does not claim, or claims, is no matter for it.
      expect(await judge(sound, test, PATIENCE)).toMatch(/^(passed$|skipped: )/);
      let outcome: Outcome = "passed";
      for (let attempt = 0; attempt < MOST_ATTEMPTS && !outcome.startsWith("failed"); attempt++) {
        outcome = await judge(flaws[flaw](sound), test, LITTLE_PATIENCE);
      }
      expect(outcome).toMatch(/^failed: /);
      expect(outcome).toMatch(complaint);
    },
  );
});

it("every broken backend has a test that catches it", () => {
  const caught: readonly string[] = CASES.map(([flaw]) => flaw);
  expect(Object.keys(flaws).filter((flaw) => !caught.includes(flaw))).toEqual([]);
});

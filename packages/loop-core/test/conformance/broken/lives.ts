import { type BackendFactory, BackendFailure } from "@polyloop/loop-core";
import { close, eventfd } from "@polyloop/sys";
import { bent, type Flaw } from "./bent.js";

/** Each backend opens a descriptor that nothing closes. */
export const leaksPerLife: Flaw = bent(() => {
  eventfd();
  return {};
});

/** After a fork the registrations of before are still there. */
export const keepsEverythingInRecreate: Flaw = bent(() => ({ recreate: () => undefined }));

/** After a fork nothing is watched any more. */
export const losesEverythingInRecreate: Flaw = bent((inner) => {
  let lost = false;
  return {
    modify(fd, from, to) {
      if (!lost) inner.modify(fd, from, to);
    },
    recreate() {
      lost = true;
      inner.recreate();
    },
  };
});

/** After a fork it cannot go on. */
export const failsInRecreate: Flaw = bent(() => ({
  recreate() {
    throw new BackendFailure("the process forked");
  },
}));

/** Each fork leaves a descriptor open. */
export const leaksInRecreate: Flaw = bent((inner) => ({
  recreate() {
    eventfd();
    inner.recreate();
  },
}));

/** When it is closed it closes what it watches. */
export const closesWhatItWatches: Flaw = bent((inner) => {
  const watched = new Set<number>();
  return {
    modify(fd, from, to) {
      if (to === 0) watched.delete(fd);
      else watched.add(fd);
      inner.modify(fd, from, to);
    },
    close() {
      for (const fd of watched) close(fd);
      watched.clear();
      inner.close();
    },
  };
});

/** When it is closed it lets go of nothing. */
export const neverCloses: Flaw = bent(() => ({ close: () => undefined }));

/** It can be closed once. */
export const closesOnce: Flaw = bent((inner) => {
  let closed = false;
  return {
    close() {
      if (closed) throw new Error("closed twice");
      closed = true;
      inner.close();
    },
  };
});

/** All backends of a process share what they are told. */
export const sharesItsState: Flaw = (sound) => {
  let shared: ReturnType<BackendFactory["create"]> | undefined;
  return { ...sound, create: (context) => (shared ??= sound.create(context)) };
};

/** A probe that throws instead of answering. */
export const throwsInProbe: Flaw = (sound) => ({
  ...sound,
  probe() {
    throw new Error("ENOSYS");
  },
});

/** A probe that leaves open what it tried. */
export const leaksInProbe: Flaw = (sound) => ({
  ...sound,
  probe() {
    eventfd();
    return sound.probe();
  },
});

/** A refusal without a reason. */
export const refusesWithoutReason: Flaw = (sound) => ({
  ...sound,
  probe: () => ({ ok: false, code: "", reason: "" }),
});

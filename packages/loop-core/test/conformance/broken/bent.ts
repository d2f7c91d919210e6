import type { Backend, BackendContext, BackendFactory, Sink } from "@polyloop/loop-core";

/** Makes a broken backend of a sound one. */
export type Flaw = (sound: BackendFactory) => BackendFactory;

/** A flaw in what a backend does: whatever `differently` does not name is passed on to the sound one. */
export function bent(differently: (inner: Backend, context: BackendContext) => Partial<Backend>): Flaw {
  return (sound) => ({
    ...sound,
    create(context) {
      const inner = sound.create(context);
      const backend: Backend = {
        name: inner.name,
        fd: inner.fd,
        supports: inner.supports,
        modify: (fd, from, to) => inner.modify(fd, from, to),
        poll: (timeout, sink) => inner.poll(timeout, sink),
        flush: () => inner.flush(),
        recreate: () => inner.recreate(),
        close: () => inner.close(),
      };
      // Getters stay what they are.
      return Object.defineProperties(backend, Object.getOwnPropertyDescriptors(differently(inner, context)));
    },
  });
}

/** A flaw in what a backend tells: whatever `differently` does not name is told as it is. */
export function telling(differently: (sink: Sink, inner: Backend) => Partial<Sink>): Flaw {
  return bent((inner) => ({
    poll(timeout, sink) {
      inner.poll(timeout, { ...passing(sink), ...differently(sink, inner) });
    },
  }));
}

/** A sink that passes on everything, to be spread. */
export function passing(sink: Sink): Sink {
  return {
    ready: (fd, events) => sink.ready(fd, events),
    failed: (fd, errno) => sink.failed(fd, errno),
    rearm: (fd) => sink.rearm(fd),
  };
}

import { wrongValue } from "./arguments.js";
import type { BackendFactory } from "./backend.js";
import { requireFactory } from "./recovery.js";

/** What a backend's name consists of; nothing else is ever looked up, let alone loaded. */
export const BACKEND_NAME = /^[a-z0-9-]+$/;

const factories = new Map<string, BackendFactory>();

/**
 * Makes a backend known by its name, so that configuration can choose it. A name can be registered again: the later
 * factory takes its place. Returns a function that undoes the registration.
 */
export function registerBackend(factory: BackendFactory): () => void {
  requireFactory("registerBackend", factory);
  const { name } = factory;
  if (!BACKEND_NAME.test(name)) {
    throw wrongValue("registerBackend", "the factory's name", "of the form [a-z0-9-]+", name);
  }
  factories.set(name, factory);
  return () => {
    if (factories.get(name) === factory) factories.delete(name);
  };
}

/** The factory registered under a name. */
export function registeredBackend(name: string): BackendFactory | undefined {
  return factories.get(name);
}

/** The names registered so far, in that order. */
export function registeredBackends(): readonly string[] {
  return [...factories.keys()];
}

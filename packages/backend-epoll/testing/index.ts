export { type FakeCall, FakeKernel, FakeSet } from "./fake-kernel.js";
export { EventFile, FakeNotifier } from "./fake-notifier.js";
export { failAsDecided, files } from "./faulty-kernel.js";

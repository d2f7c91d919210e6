export { type FakeCall, FakeKernel, type Nature } from "./fake-kernel.js";
export { FakeRing } from "./fake-ring.js";

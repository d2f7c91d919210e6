export { type FakeCall, FakeKernel, FakeRing, type Nature } from "./fake-kernel.js";

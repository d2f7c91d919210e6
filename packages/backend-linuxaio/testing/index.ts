export { type FakeCall, FakeContext, FakeKernel, type Nature } from "./fake-kernel.js";

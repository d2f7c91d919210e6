export { type FakeCall, FakeKernel, FakeSet } from "./fake-kernel.js";

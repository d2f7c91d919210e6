export { FakeDescriptors, FakeFile } from "./fake-descriptors.js";
export { ManualClock } from "./manual-clock.js";
export { ManualSystem, ManualWakeup } from "./manual-system.js";
export { pollBackend } from "./poll-backend.js";
export { type Change, type PollStep, ScriptedBackend, type ScriptedFactory, scripted } from "./scripted-backend.js";
export { type ScriptedLoop, scriptedLoop } from "./scripted-loop.js";

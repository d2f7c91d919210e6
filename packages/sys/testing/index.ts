export { installedBesideEpoll, type InstalledTools } from "./installed-backend.js";
export { bytesPerCall, collectAll } from "./heap.js";
export { type CompiledProgram, compiled, type Ending, hasCompiler, runNative } from "./compiled.js";
export { closeAll, drain, fill, pipe, pty, send, streamPair, tcpPair } from "./kernel-objects.js";
export { Sysctl } from "./sysctl.js";
export { type PackedApplication, packages, packedApplication, tools } from "./packed-application.js";
export { runRefused } from "./seccomp.js";
export { type TracedCall, traced } from "./trace.js";
export { GENEROUS, until } from "./until.js";

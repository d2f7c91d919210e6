import { registerBackend } from "@polyloop/loop-core";
import { iouring } from "./index.js";

/** Importing this module makes the backend known by its name, so that configuration can choose it. */
registerBackend(iouring());

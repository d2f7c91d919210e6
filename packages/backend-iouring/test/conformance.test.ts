import { describe, it } from "@jest/globals";
import { conformance } from "@polyloop/loop-core/conformance";
import { iouring } from "../src/index.js";

conformance({ describe, it, factory: iouring(), entry: new URL("../dist/src/register.js", import.meta.url) });

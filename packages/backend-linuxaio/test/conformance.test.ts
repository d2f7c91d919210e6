import { describe, it } from "@jest/globals";
import { conformance } from "@polyloop/loop-core/conformance";
import { linuxaio } from "../src/index.js";

conformance({ describe, it, factory: linuxaio(), entry: new URL("../dist/src/register.js", import.meta.url) });

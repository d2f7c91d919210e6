import { describe, it } from "@jest/globals";
import { conformance } from "@polyloop/loop-core/conformance";
import { epoll } from "../src/index.js";

conformance({ describe, it, factory: epoll(), entry: new URL("../dist/src/register.js", import.meta.url) });

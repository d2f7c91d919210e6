import { describe, it } from "@jest/globals";
import type { BackendFactory } from "@polyloop/loop-core";
import { conformance } from "@polyloop/loop-core/conformance";
import { IoUringBackend } from "../src/backend.js";
import { iouring } from "../src/index.js";
import { nativePort } from "../src/native.js";
import { CROWDED } from "./stage.js";

conformance({ describe, it, factory: iouring(), entry: new URL("../dist/src/register.js", import.meta.url) });

const goesOn: BackendFactory = {
  ...iouring(),
  create: (context) => new IoUringBackend(context, nativePort, undefined, CROWDED),
};

describe("with polls that go on, however few there are", () => {
  conformance({ describe, it, factory: goesOn });
});

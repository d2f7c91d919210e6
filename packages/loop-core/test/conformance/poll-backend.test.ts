import { describe, it } from "@jest/globals";
import { conformance } from "@polyloop/loop-core/conformance";
import { pollBackend } from "@polyloop/loop-core/testing";

// The kit must not ask for more than the contract does: this one is right, and keeps nothing in the kernel.
conformance({ describe, it, factory: pollBackend(), entry: new URL("fixtures/register-poll.mjs", import.meta.url) });

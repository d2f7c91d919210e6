import { describe, it } from "@jest/globals";
import { conformance } from "@polyloop/loop-core/conformance";
import { pollBackend } from "@polyloop/loop-core/testing";
import { completionStyle } from "./completion-backend.js";

// The kit must not ask for more than the contract does: this one is right, and answers late and only once.
conformance({ describe, it, factory: completionStyle(pollBackend()) });

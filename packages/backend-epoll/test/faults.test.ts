import { describe, it } from "@jest/globals";
import { faultPrograms } from "@polyloop/loop-core/conformance";
import { faultyKernel } from "../testing/faulty-kernel.js";

faultPrograms({ describe, it, kernel: faultyKernel });

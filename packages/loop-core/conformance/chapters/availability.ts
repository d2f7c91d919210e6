import assert from "node:assert/strict";
import type { Availability } from "../../src/backend.js";
import { openDescriptors } from "../open-descriptors.js";
import type { Suite } from "../suite.js";

/** Whether the backend can run here, and how it says so. */
export function availabilityChapter(suite: Suite, answer: Availability): void {
  const { factory } = suite;
  suite.describe("availability", () => {
    suite.test("it can run here", () => {
      if (answer.ok) return;
      assert.fail(
        `${answer.code}: ${answer.reason}. ${answer.remedy ?? "It names no remedy"}. (To have this skipped: mayBeUnavailable.)`,
      );
    });

    suite.test("its name can be written in configuration", () => {
      assert.match(factory.name, /^[a-z0-9-]+$/);
    });

    suite.test("a probe says which features it found, or why not, and leaves no descriptor open", () => {
      const before = openDescriptors().size;
      for (let count = 0; count < 10; count++) {
        const again = factory.probe();
        if (again.ok) assert.ok(Array.isArray(again.features), "features is no list");
        else assert.ok(again.code !== "" && again.reason !== "", "a refusal needs a code and a reason");
      }
      assert.equal(openDescriptors().size, before, "descriptors open after ten probes");
    });
  });
}

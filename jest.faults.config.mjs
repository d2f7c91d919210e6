import usual from "./jest.config.mjs";

/** What changes settings of the whole system: run by `npm run test:faults` alone, as root, one file after the other. */
export default { ...usual, testMatch: ["**/test/**/*.faults.ts"] };

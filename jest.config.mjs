import { readdirSync } from "node:fs";

/** Only the packages that are here are mapped to their sources; any other name is resolved as Node would. */
const packages = readdirSync(new URL("packages", import.meta.url)).join("|");

/**
 * One run for the whole workspace. Sources are tested as TypeScript (swc, CommonJS: jest runs no real ESM), so a failing
 * line is the line you wrote; what only real ESM can show is tested by child processes that import the built packages.
 */
export default {
  testPathIgnorePatterns: ["/node_modules/", "/dist/", "/build/"],
  testMatch: ["**/test/**/*.test.ts"],
  testEnvironment: "node",
  modulePathIgnorePatterns: ["/dist/", "/build/"],
  transform: {
    "^.+\\.ts$": [
      "@swc/jest",
      {
        jsc: { parser: { syntax: "typescript" }, target: "es2022" },
        module: { type: "commonjs" },
        sourceMaps: "inline",
      },
    ],
  },
  moduleNameMapper: {
    [`^@polyloop/(${packages})$`]: "<rootDir>/packages/$1/src/index.ts",
    [`^@polyloop/(${packages})/(testing|conformance)$`]: "<rootDir>/packages/$1/$2/index.ts",
    [`^@polyloop/(${packages})/([a-z-]+)$`]: "<rootDir>/packages/$1/src/$2.ts",
    "^(\\.{1,2}/.*)\\.js$": "$1",
  },
  testTimeout: 60_000,
  workerIdleMemoryLimit: "1GB",
  reporters: ["default", "<rootDir>/scripts/counting-reporter.mjs"],
};

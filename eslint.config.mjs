import js from "@eslint/js";
import tseslint from "typescript-eslint";

/**
 * Who may import whom; docs/architecture.md draws it. Everything else is forbidden, so there are no circles. Tests may
 * besides import what their package's devDependencies name.
 */
const arrows = {
  sys: [],
  "loop-core": ["sys"],
  "backend-epoll": ["loop-core", "sys/loader"],
  "backend-linuxaio": ["loop-core", "backend-epoll", "sys/loader"],
  "backend-iouring": ["loop-core", "backend-epoll", "sys/loader"],
  bench: ["*"],
  // They show what a user can do, so they have what a user has.
  examples: ["loop-core", "backend-epoll", "sys"],
};

/** For tests, which put together what the sources must not know. */
const testArrows = {
  sys: [],
  "loop-core": ["sys", "loop-core"],
  "backend-epoll": ["loop-core", "sys", "backend-epoll"],
  "backend-linuxaio": ["loop-core", "sys", "backend-epoll", "backend-linuxaio"],
  "backend-iouring": ["loop-core", "sys", "backend-epoll", "backend-iouring"],
  bench: ["*"],
};

/** A rule that lets a package import the listed ones and nothing else of the workspace. */
function onlyImports(packageName, allowed, more = []) {
  const message = `${packageName} may import ${allowed.length === 0 ? "no other package of the workspace" : allowed.join(", ")}; see the import arrows in docs/architecture.md.`;
  const patterns = [
    ...more,
    { regex: String.raw`^(\.\./)+packages/`, message },
    { regex: String.raw`^(\.\./)+(sys|loop-core|backend-[a-z]+|attach|bench)/`, message },
  ];
  if (!allowed.includes("*")) {
    const names = allowed.map((name) => (name.includes("/") ? `${name}$` : `${name}(/|$)`)).join("|");
    patterns.push({ regex: names === "" ? "^@polyloop/" : `^@polyloop/(?!(${names}))`, message });
  }
  return { "no-restricted-imports": ["error", { patterns }] };
}

export default tseslint.config(
  { ignores: ["**/dist/", "**/build/", "**/node_modules/", "**/coverage/"] },
  js.configs.recommended,
  {
    files: ["**/*.mjs", "**/*.cjs"],
    languageOptions: {
      globals: Object.fromEntries(
        [
          "process",
          "console",
          "URL",
          "require",
          "module",
          "Buffer",
          "setTimeout",
          "setInterval",
          "clearInterval",
          "performance",
        ].map((name) => [name, "readonly"]),
      ),
    },
  },
  {
    files: ["**/*.ts"],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { project: ["./tsconfig.tests.json"], tsconfigRootDir: import.meta.dirname } },
    rules: {
      "@typescript-eslint/no-non-null-assertion": "error",
      "@typescript-eslint/consistent-type-imports": ["error", { fixStyle: "inline-type-imports" }],
      "@typescript-eslint/explicit-module-boundary-types": "error",
      "@typescript-eslint/prefer-for-of": "off",
      "@typescript-eslint/non-nullable-type-assertion-style": "off",
      "@typescript-eslint/no-confusing-void-expression": ["error", { ignoreArrowShorthand: true }],
      "no-restricted-syntax": [
        "error",
        {
          selector: "ImportExpression > Literal[value=/^@polyloop/]",
          message: "Import other packages statically, where the arrows are checked.",
        },
        {
          selector: "TSImportType Literal[value=/^@polyloop/]",
          message: "Import types by name, where the arrows are checked.",
        },
        { selector: "TSEnumDeclaration", message: "Use constants: an enum is code that types cannot erase." },
        { selector: "ExportDefaultDeclaration", message: "Export by name; only configuration files have a default." },
      ],
    },
  },
  ...Object.entries(arrows).flatMap(([name, allowed]) => [
    {
      files: name === "examples" ? ["examples/**/*.ts"] : [`packages/${name}/src/**/*.ts`],
      rules: onlyImports(name, allowed, [
        { regex: String.raw`^(\.\./)+(testing|conformance)/`, message: "What is for tests is not for the product." },
      ]),
    },
    { files: [`packages/${name}/{testing,conformance}/**/*.ts`], rules: onlyImports(name, allowed) },
  ]),
  ...Object.entries(testArrows).map(([name, allowed]) => ({
    files: [`packages/${name}/test/**/*.ts`],
    rules: onlyImports(name, allowed),
  })),
  {
    files: ["**/test/**/*.ts"],
    rules: {
      // A callback that exists only to be there says so best by being empty.
      "@typescript-eslint/no-empty-function": "off",
    },
  },
);

// Checks a spec with tla-checker: node check.mjs <folder of the package> <spec> <configuration>; prints its verdict as JSON.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const [folder, spec, configuration] = process.argv.slice(2);
const checker = await import(pathToFileURL(join(folder, "tla_checker.js")));
checker.initSync({ module: readFileSync(join(folder, "tla_checker_bg.wasm")) });
const [constants, states, depth, deadlockIsFine, drawing] = ["{}", 1_000_000, 1_000, false, false];
console.log(
  checker.check_spec_with_cfg(
    readFileSync(spec, "utf8"), readFileSync(configuration, "utf8"), constants, states, depth, deadlockIsFine, drawing,
  ),
);

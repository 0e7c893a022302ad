// Loaded before the SDK, which would take half its time for what programs seldom need: a package manager (for functions
// that become archives), a compiler (for functions that are serialized), and maps of each stack trace to its own sources.
import Module from "node:module";

const late = new Set(["@npmcli/arborist", "../../typescript-shim"]);
const load = Module._load;

Module._load = function (request, parent, ...rest) {
  const loadIt = (name = request) => Reflect.apply(load, this, [name, parent, ...rest]);
  if (!parent?.filename?.includes("/@pulumi/pulumi/")) return loadIt();
  if (late.has(request)) return whenUsed(loadIt);
  if (request === "source-map-support/register") return Module.setSourceMapsSupport(true, { nodeModules: false });
  return loadIt();
};

/** A module that is loaded when the first of its exports is asked for. */
function whenUsed(loadIt) {
  return new Proxy(
    {},
    {
      get(_, name) {
        // So that TypeScript's helpers for imports hand the module on, instead of copying what it exports.
        if (name === "__esModule") return true;
        const loaded = loadIt();
        return name === "default" && !loaded.__esModule ? loaded : loaded[name];
      },
    },
  );
}

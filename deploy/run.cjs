// Runs one of the project's programs with the project's own Node, installing the dependencies first where they are
// missing or stale. Plain JavaScript that an old Node can parse, so that it can say which Node is needed.
//
//   node deploy/run.cjs <file> [arguments…]
"use strict";

const { execFile, spawn, spawnSync } = require("node:child_process");
const { existsSync, readFileSync, rmSync, symlinkSync } = require("node:fs");
const path = require("node:path");
const { pathToFileURL } = require("node:url");

const oldest = [20, 19];
const root = path.dirname(__dirname);
const ownNode = path.join(root, "node_modules", ".bin", "node");
// The package with this machine's Node, as packages/node-runtime names it.
const isAppleSilicon = process.platform === "darwin" && process.arch === "arm64";
const nodePackage = `node_modules/${isAppleSilicon ? "node-bin" : "node"}-${process.platform}-${process.arch}`;

function fail(message) {
  console.error(message);
  process.exit(1);
}

function isOlderThan(version, wanted) {
  const [major, minor] = version.split(".").map(Number);
  return major < wanted[0] || (major === wanted[0] && minor < wanted[1]);
}

function readPackages(file) {
  return JSON.parse(readFileSync(path.join(root, file), "utf8")).packages;
}

/** Whether what npm last installed is what the lock file asks for; npm writes its own list at the very end. */
function isInstalled() {
  if (!existsSync(ownNode) || !existsSync(path.join(root, "node_modules", ".package-lock.json"))) return false;
  const installed = readPackages("node_modules/.package-lock.json");
  return Object.entries(readPackages("package-lock.json")).every(
    ([name, wanted]) =>
      name === "" || (installed[name] === undefined ? wanted.optional : installed[name].version === wanted.version),
  );
}

/** npm 10 links no command of a package that only a workspace asks for. */
function linkNode() {
  const node = path.join(root, nodePackage, "bin", "node");
  if (!existsSync(node) || existsSync(ownNode)) return;
  rmSync(ownNode, { force: true });
  symlinkSync(path.relative(path.dirname(ownNode), node), ownNode);
}

function install() {
  console.error("Installing the project's dependencies (npm ci) …");
  const npm = process.env.npm_execpath;
  const [command, ...args] = npm === undefined ? ["npm", "ci"] : [process.execPath, npm, "ci"];
  // What deploys is in the lock file, byte for byte: no package's script brings in anything else.
  args.push("--ignore-scripts");
  // npm's own list of packages is no part of what our programs print.
  const { status, error } = spawnSync(command, [...args, "--loglevel=error"], {
    cwd: root,
    stdio: ["ignore", process.stderr, process.stderr],
  });
  if (error !== undefined) fail(`npm could not be started: ${error.message}`);
  if (status !== 0) fail("npm ci failed, see above. Fix what it names, then run the same command again.");
  linkNode();
  if (!existsSync(ownNode)) {
    fail(
      "npm left out the optional dependencies, and this project's Node is one of them. Run `npm ci --include=optional`, then the same command again.",
    );
  }
}

/**
 * npm killed with SIGKILL takes nothing with it: its shell waits on, and so would a server. No signal tells of a
 * grandparent, so its process is looked for now and then.
 */
function endWithNpm() {
  if (process.env.npm_lifecycle_event === undefined) return;
  execFile("ps", ["-o", "ppid=", "-p", String(process.ppid)], (error, output) => {
    // Without `ps` there is only the terminal's hang-up to go by.
    const npm = Number(output);
    if (error !== null || !(npm > 1)) return;
    setInterval(() => {
      try {
        process.kill(npm, 0);
      } catch {
        stop();
      }
    }, 500).unref();
  });
}

const stop = () => process.kill(process.pid, "SIGTERM");

/** Under the project's own Node the program runs in this very process; a program is stopped when its parent is gone. */
function runHere(file, args) {
  require("node:module").enableCompileCache(path.join(root, "node_modules", ".cache", "compile"));
  process.argv = [process.argv[0], file, ...args];
  endWithNpm();
  if (process.channel !== undefined && process.env.LINE_BOT_PARENT === String(process.ppid)) {
    process.once("disconnect", stop);
    process.channel.unref();
  }
  return import(pathToFileURL(file).href);
}

function runBelow(args) {
  const child = spawn(ownNode, [__filename, ...args], {
    stdio: ["inherit", "inherit", "inherit", "ipc"],
    env: { ...process.env, LINE_BOT_PARENT: String(process.pid) },
  });
  // A terminal's Ctrl+C reaches both; the child decides when it has cleaned up.
  process.on("SIGINT", () => {});
  for (const signal of ["SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  child.on("error", (error) => fail(`The project's Node could not be started: ${error.message}`));
  child.on("exit", (code, signal) => {
    if (signal === null) process.exit(code);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}

function main() {
  const version = process.versions.node;
  if (isOlderThan(version, oldest)) {
    fail(
      `Node ${oldest.join(".")} or later is needed, and this is ${version}. Get one from https://nodejs.org/ and run the same command again.`,
    );
  }
  if (!existsSync(path.join(root, "package-lock.json"))) {
    fail(
      "package-lock.json is missing. Bring it back with `git checkout package-lock.json`, then run the same command again.",
    );
  }
  const wanted = readPackages("package-lock.json")[nodePackage];
  if (wanted === undefined) {
    fail(
      `There is no Node for ${process.platform} on ${process.arch} in package-lock.json. Linux and macOS have one, on x64 and arm64; on Windows use WSL.`,
    );
  }
  linkNode();
  if (!isInstalled()) install();
  const [file, ...args] = process.argv.slice(2);
  if (version === wanted.version) return runHere(path.resolve(root, file), args);
  return runBelow([file, ...args]);
}

void main();

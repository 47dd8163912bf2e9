/**
 * The way in: what `npm start`, `npm test` and `./neutrino` call. It makes the clone ready (Node, npm packages, Debian packages,
 * the bundle), saying what it installs, and goes on with the command. Plain JavaScript without dependencies, because it runs on
 * the machine's own Node, which may be as old as 18.
 */
import { spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundlePath, ensureBundle } from './build.mjs';
import { ensureDebianPackages } from './setup-debian.mjs';
import { ensureNode, isUsableNode } from './setup-node.mjs';
import { ensureNpmPackages } from './setup-npm.mjs';
import { SetupError, say } from './setup-steps.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Scripts of the clone, by the flag that asks for them; anything else is a command of the CLI. */
const scripts = {
  '--test': 'tools/test.ts',
  '--bench': 'test/bench/main.ts',
  '--check': 'tools/test-check.ts',
  '--docs': 'tools/docs.ts',
};

/** Which programs of Debian's the arguments need: a name of a set in setup-debian.mjs, or nothing. */
function debianSet(args) {
  const [command = ''] = args;
  if (command === '--test' || command === '--bench') return 'test';
  if (args.includes('--no-agent') || args.includes('--help') || args.includes('-h')) return undefined;
  if (command === 'demo') return /(^| )--driver[= ]ovs( |$)/.test(args.join(' ')) ? 'demoOvs' : 'demo';
  if (command === 'nic') return 'nic';
  return ['up', 'agent', 'port'].includes(command) ? 'host' : undefined;
}

/** Runs `node file args` as a child that shares the terminal, hands signals on, and ends as it ends. */
function runAsChild(node, file, args) {
  const child = spawn(node, [file, ...args], { stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT']) process.on(signal, () => child.kill(signal));
  child.on('error', (error) => {
    say(`${node} does not start: ${error.message}`);
    process.exit(1);
  });
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code);
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT']) process.removeAllListeners(name);
    process.kill(process.pid, signal);
  });
}

/** node:sqlite and type stripping are marked experimental in some releases; the warnings are no news to anyone who runs this. */
function dropExperimentalWarnings() {
  process.removeAllListeners('warning');
  process.on('warning', (warning) => {
    if (warning.name !== 'ExperimentalWarning') say(`${warning.name}: ${warning.message}`);
  });
}

/** Goes on in this process: no second start, no one between the terminal and the command. */
async function runHere(file, args) {
  const { default: module } = await import('node:module');
  module.enableCompileCache?.(join(root, '.cache/v8'));
  process.setSourceMapsEnabled(true);
  dropExperimentalWarnings();
  process.argv = [process.execPath, file, ...args];
  await import(file);
}

async function main(args) {
  const node = isUsableNode() ? process.execPath : ensureNode(root);
  ensureNpmPackages(root);
  const set = debianSet(args);
  if (set !== undefined) ensureDebianPackages(root, set);
  const script = scripts[args[0]];
  if (script === undefined || args[0] === '--bench') await ensureBundle(root);
  const file = script === undefined ? bundlePath(root) : join(root, script);
  const rest = script === undefined ? args : args.slice(1);
  if (node === process.execPath) await runHere(file, rest);
  else runAsChild(node, file, rest);
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  say(error.message);
  process.exitCode = 1;
}
